"""The autoscalers that a stack has, as step functions in pure Python: what each decides from what it sees.

Nothing here asks a cluster or AWS. `hpa` is the HorizontalPodAutoscaler, `target_tracking` EC2 Auto Scaling, `readers`
Application Auto Scaling over Aurora's readers, and `rules` gives each of them the settings that infra/ makes.
"""
