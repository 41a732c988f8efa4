// Command hpa-controller has the HorizontalPodAutoscaler controller of Kubernetes decide what it is given.
//
// It reads one case a line as JSON, an autoscaler and the looks that it takes, and writes a line with what the
// controller did at each look. What decides is the controller itself, from the metrics to the scale; only what it asks
// is made up: pods, figures and the scale come from the case.
//
// The controller has no clock to set. So each case is run in a bubble of testing/synctest, where time stands still but
// for what is slept, and a case of hours takes milliseconds.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"
	_ "unsafe" // for linkname

	"github.com/go-logr/logr"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	autoscalingclient "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	defaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
)

const (
	namespace = "default"
	name      = "app"
	longLine  = 64 << 20
)

// reconcileKey is one look of the controller: all that it does but for waiting for the next.
//
//go:linkname reconcileKey k8s.io/kubernetes/pkg/controller/podautoscaler.(*HorizontalController).reconcileKey
func reconcileKey(a *podautoscaler.HorizontalController, ctx context.Context, key string) (bool, error)

// Case is an autoscaler, the flags of its controller, and what it sees. All times are seconds from the case's begin.
type Case struct {
	Spec  autoscalingv2.HorizontalPodAutoscalerSpec `json:"spec"`
	Flags Flags                                     `json:"flags"`
	Looks []Look                                    `json:"looks"`
}

// Flags are those of kube-controller-manager.
type Flags struct {
	Tolerance       float64 `json:"tolerance"`
	DownscaleWindow float64 `json:"downscaleWindow"`
	Initialization  float64 `json:"initialization"`
	ReadinessDelay  float64 `json:"readinessDelay"`
}

// Look is one of the controller. Replicas is what somebody else has set before it; without, it is as it was left.
type Look struct {
	At       float64  `json:"at"`
	Replicas *int32   `json:"replicas"`
	Failed   []string `json:"failed"`
	Pods     []Pod    `json:"pods"`
}

// Pod is Count of the target's that are alike.
type Pod struct {
	Count      int               `json:"count"`
	Phase      string            `json:"phase"`
	Deleted    bool              `json:"deleted"`
	Started    *float64          `json:"started"`
	Ready      *bool             `json:"ready"`
	ReadySince float64           `json:"readySince"`
	Request    map[string]int64  `json:"request"`
	Usage      map[string]Figure `json:"usage"`
}

// Figure is of one resource, in thousandths.
type Figure struct {
	Value  int64   `json:"value"`
	At     float64 `json:"at"`
	Window float64 `json:"window"`
}

// Decision is what came of a look: the scale after it, what the metrics were, and reasons by condition.
type Decision struct {
	Replicas    int32             `json:"replicas"`
	Utilization map[string]int32  `json:"utilization"`
	Conditions  map[string]string `json:"conditions"`
}

func seconds(count float64) time.Duration { return time.Duration(count * float64(time.Second)) }

// asked stands for all that the controller asks: metrics, the scale, and where to write the status and events.
type asked struct {
	begin    time.Time
	look     Look
	replicas int32
	status   autoscalingv2.HorizontalPodAutoscalerStatus
}

var errFailed = errors.New("the case says that these metrics fail")

func (a *asked) GetResourceMetric(_ context.Context, kind corev1.ResourceName, _ string, _ labels.Selector, _ string) (metrics.PodMetricsInfo, time.Time, error) {
	for _, failed := range a.look.Failed {
		if failed == string(kind) {
			return nil, time.Time{}, errFailed
		}
	}
	found := metrics.PodMetricsInfo{}
	for index, pod := range a.look.Pods {
		if figure, has := pod.Usage[string(kind)]; has {
			found[podName(index)] = metrics.PodMetric{
				Value:     figure.Value,
				Timestamp: a.begin.Add(seconds(figure.At)),
				Window:    seconds(figure.Window),
			}
		}
	}
	return found, time.Now(), nil
}

func (a *asked) GetRawMetric(string, string, labels.Selector, labels.Selector) (metrics.PodMetricsInfo, time.Time, error) {
	return nil, time.Time{}, errFailed
}

func (a *asked) GetObjectMetric(string, string, *autoscalingv2.CrossVersionObjectReference, labels.Selector) (int64, time.Time, error) {
	return 0, time.Time{}, errFailed
}

func (a *asked) GetExternalMetric(string, string, labels.Selector) ([]int64, time.Time, error) {
	return nil, time.Time{}, errFailed
}

func (a *asked) Events(string) coreclient.EventInterface { return events{} }

// events are thrown away.
type events struct{ coreclient.EventInterface }

func (events) CreateWithEventNamespace(event *corev1.Event) (*corev1.Event, error) { return event, nil }

func (events) PatchWithEventNamespace(event *corev1.Event, _ []byte) (*corev1.Event, error) {
	return event, nil
}

func (a *asked) HorizontalPodAutoscalers(string) autoscalingclient.HorizontalPodAutoscalerInterface {
	return autoscalers{asked: a}
}

// autoscalers keep the status of the only one.
type autoscalers struct {
	autoscalingclient.HorizontalPodAutoscalerInterface
	asked *asked
}

func (s autoscalers) UpdateStatus(_ context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, _ metav1.UpdateOptions) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	s.asked.status = hpa.Status
	return hpa, nil
}

func (a *asked) Scales(string) scale.ScaleInterface { return scales{asked: a} }

// scales have the only one.
type scales struct {
	scale.ScaleInterface
	asked *asked
}

func (s scales) Get(context.Context, schema.GroupResource, string, metav1.GetOptions) (*autoscalingv1.Scale, error) {
	return &autoscalingv1.Scale{
		Spec:   autoscalingv1.ScaleSpec{Replicas: s.asked.replicas},
		Status: autoscalingv1.ScaleStatus{Replicas: s.asked.replicas, Selector: "app=" + name},
	}, nil
}

func (s scales) Update(_ context.Context, _ schema.GroupResource, wanted *autoscalingv1.Scale, _ metav1.UpdateOptions) (*autoscalingv1.Scale, error) {
	s.asked.replicas = wanted.Spec.Replicas
	return wanted, nil
}

func podName(index int) string { return fmt.Sprintf("%s-%d", name, index) }

func (a *asked) pod(index int) *corev1.Pod {
	given := a.look.Pods[index]
	requests := corev1.ResourceList{}
	for kind, thousandths := range given.Request {
		requests[corev1.ResourceName(kind)] = *resource.NewMilliQuantity(thousandths, resource.DecimalSI)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: podName(index), Labels: map[string]string{"app": name}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: name, Resources: corev1.ResourceRequirements{Requests: requests}}}},
		Status:     corev1.PodStatus{Phase: corev1.PodPhase(given.Phase)},
	}
	if given.Deleted {
		pod.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	}
	if given.Started != nil {
		pod.Status.StartTime = &metav1.Time{Time: a.begin.Add(seconds(*given.Started))}
	}
	if given.Ready != nil {
		status := corev1.ConditionFalse
		if *given.Ready {
			status = corev1.ConditionTrue
		}
		pod.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodReady, Status: status, LastTransitionTime: metav1.Time{Time: a.begin.Add(seconds(given.ReadySince))},
		}}
	}
	return pod
}

func (a *asked) decision() Decision {
	made := Decision{Replicas: a.replicas, Utilization: map[string]int32{}, Conditions: map[string]string{}}
	for _, metric := range a.status.CurrentMetrics {
		if metric.Resource != nil && metric.Resource.Current.AverageUtilization != nil {
			made.Utilization[string(metric.Resource.Name)] = *metric.Resource.Current.AverageUtilization
		}
	}
	for _, condition := range a.status.Conditions {
		made.Conditions[string(condition.Type)] = condition.Reason
	}
	return made
}

func decide(given Case) ([]Decision, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stand := &asked{begin: time.Now()}
	factory := informers.NewSharedInformerFactory(&kubernetes.Clientset{}, 0)
	known, pods := factory.Autoscaling().V2().HorizontalPodAutoscalers(), factory.Core().V1().Pods()
	deployment := schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{deployment.GroupVersion()})
	mapper.Add(deployment, meta.RESTScopeNamespace)
	controller := podautoscaler.NewHorizontalController(
		ctx, stand, stand, stand, mapper, stand, known, pods, time.Hour,
		seconds(given.Flags.DownscaleWindow), given.Flags.Tolerance,
		seconds(given.Flags.Initialization), seconds(given.Flags.ReadinessDelay),
	)
	// Without this, what it has begun would never end: with no time left, it ends it.
	defer controller.Run(ctx, 0)
	defer cancel()

	hpa := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       given.Spec,
	}
	hpa.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name}
	defaults.SetDefaults_HorizontalPodAutoscaler(hpa)
	if err := known.Informer().GetIndexer().Add(hpa); err != nil {
		return nil, err
	}

	decisions := make([]Decision, 0, len(given.Looks))
	for _, look := range given.Looks {
		time.Sleep(time.Until(stand.begin.Add(seconds(look.At))))
		stand.look, stand.status = look, autoscalingv2.HorizontalPodAutoscalerStatus{}
		stand.look.Pods = nil
		for _, pod := range look.Pods {
			stand.look.Pods = append(stand.look.Pods, slices.Repeat([]Pod{pod}, pod.Count)...)
		}
		if look.Replicas != nil {
			stand.replicas = *look.Replicas
		}
		listed := make([]any, 0, len(stand.look.Pods))
		for index := range stand.look.Pods {
			listed = append(listed, stand.pod(index))
		}
		if err := pods.Informer().GetIndexer().Replace(listed, ""); err != nil {
			return nil, err
		}
		key, err := cache.MetaNamespaceKeyFunc(hpa)
		if err != nil {
			return nil, err
		}
		// Its error repeats what the conditions say.
		_, _ = reconcileKey(controller, ctx, key)
		decisions = append(decisions, stand.decision())
	}
	return decisions, nil
}

func answer(t *testing.T, line []byte) ([]Decision, error) {
	var given Case
	if err := json.Unmarshal(line, &given); err != nil {
		return nil, err
	}
	var decisions []Decision
	var err error
	synctest.Test(t, func(*testing.T) { decisions, err = decide(given) })
	return decisions, err
}

func run(t *testing.T) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longLine)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for lines.Scan() {
		decisions, err := answer(t, lines.Bytes())
		if err == nil {
			err = encoder.Encode(decisions)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := errors.Join(lines.Err(), out.Flush()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func main() {
	// Errors are in the conditions. What handles them would log them, and sleep by a clock that is not a bubble's.
	utilruntime.ErrorHandlers = nil
	klog.SetLogger(logr.Discard())
	// A bubble needs a test around it.
	testing.Main(
		func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "cases", F: run}}, nil, nil,
	)
}
