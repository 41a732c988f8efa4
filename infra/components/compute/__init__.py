"""Components that run the application outside of Kubernetes: instances, load balancer, queues, jobs, images."""
