"""The Helm charts of in-cluster services, and the typed values they take."""
