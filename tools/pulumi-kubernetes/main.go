// The Kubernetes provider plugin, from its published module.
package main

import (
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// The module is published without the generated schema. The provider reads it only to fill in the inputs of a resource
// that is imported or read by its id (pkg/provider/provider.go: Read); the program does neither.
const schema = `{"name": "kubernetes"}`

// The linker sets it: see scripts/kubernetes_provider.py.
var version = "0.0.0"

func main() {
	provider.Serve("kubernetes", version, []byte(schema), []byte("{}"))
}
