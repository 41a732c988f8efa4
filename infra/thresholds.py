"""Limits with a source outside Ascent, or with several users: value, unit and source. Others are beside their use."""

from __future__ import annotations

from dataclasses import dataclass

GUIDE = "Horizontal Scaling Guide"
NARFE = "Narfe Backend Scaling Runbook"
ORIVA = "Oriva Platform Scaling Runbook"
SUMMARY = "Scaling to 1000 Users"
FIFTY_K = "Backend Scalability Setup for 50,000+ Users"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit.

    value: the number.
    unit: what it counts.
    source: runbook and section, page of the vendor, standard, or "Ascent" with the reason for a choice of our own.
    """

    value: int
    unit: str
    source: str


# The workload's contract
APP_PORT = Threshold(3000, "port", f"{GUIDE}, Docker + Kubernetes: containerPort")
HEALTH_INTERVAL = Threshold(30, "seconds", f"{GUIDE}, Application Load Balancer: HealthCheck.Interval")
HEALTH_TIMEOUT = Threshold(5, "seconds", f"{GUIDE}, Application Load Balancer: HealthCheck.Timeout")
HEALTHY_COUNT = Threshold(2, "checks", f"{GUIDE}, Application Load Balancer: HealthyThreshold")
UNHEALTHY_COUNT = Threshold(3, "checks", f"{GUIDE}, Application Load Balancer: UnhealthyThreshold")
DEREGISTRATION_DELAY = Threshold(30, "seconds", f"{GUIDE}, Application Load Balancer: deregistration_delay")
IDLE_TIMEOUT = Threshold(60, "seconds", f"{GUIDE}, Load Balancer Configuration: proxy_read_timeout")
HTTP_PORT = Threshold(80, "port", "RFC 9110, section 4.2.1")
HTTPS_PORT = Threshold(443, "port", "RFC 9110, section 4.2.2")
CERTIFICATE_WAIT = Threshold(
    15, "minutes", "AWS ACM, DNS validation: issued within minutes of the record; what takes longer needs people"
)

# The fleet
CPU_TARGET = Threshold(70, "percent", f"{GUIDE}, Auto Scaling Group: ScaleUpOnCPU")
REQUESTS_PER_TARGET = Threshold(1000, "requests/minute/target", f"{GUIDE}, Auto Scaling Group: ScaleUpOnRequests")
# Counted from the moment that an instance is in service, after its own health check: infra/boot/instance.py.
INSTANCE_GRACE = Threshold(
    300, "seconds", "AWS, EC2 Auto Scaling, health check grace period: the console's; two checks 30 s apart fit"
)
INSTANCE_WARMUP = Threshold(
    300, "seconds", "AWS, EC2 Auto Scaling, default instance warmup: where the time is not known, 300"
)
SERVING_WAIT = Threshold(1200, "seconds", "Ascent: the limit of a launch, two checks of the load balancer, and a retry")
SERVING_PATIENCE = Threshold(300, "seconds", "Ascent: a launch and its checks, where it does not fail again")
PROXY_WAIT = Threshold(1800, "seconds", "terraform-provider-aws, aws_db_proxy: the limit of making one")
SERVING_POLL = Threshold(10, "seconds", "Ascent: between two looks at whether a fleet serves")
REFRESH_WAIT = Threshold(300, "seconds", f"{GUIDE}, Rolling Updates: monitor for 5 minutes")
REFRESH_CHECKPOINTS = (
    Threshold(35, "percent", "Ascent: about one zone of three, seen working before the next"),
    Threshold(70, "percent", "Ascent: about two zones of three"),
    Threshold(100, "percent", "AWS, instance refresh: the last checkpoint is 100"),
)
REFRESH_MIN_HEALTHY = Threshold(100, "percent", f"{GUIDE}, Rolling Updates: continue after the health check passes")
REFRESH_MAX_HEALTHY = Threshold(110, "percent", f"{GUIDE}, Rolling Updates: one instance at a time on a fleet of ten")
INSTANCE_LIFETIME = Threshold(
    2_592_000, "seconds", "Ascent: 30 days; patches come with the machine image, by an update a week: docs/changes.md"
)
IMDS_HOPS = Threshold(2, "hops", "AWS, IMDS: a container on a bridge network is one hop further than its host")
APP_STOP_GRACE = Threshold(30, "seconds", f"{GUIDE}, Application Load Balancer: as the deregistration delay")
ERROR_RATE = Threshold(5, "percent", f"{NARFE}, Set Up Alerts: HighErrorRate")
ERROR_RATE_MINUTES = Threshold(2, "minutes", f"{NARFE}, Set Up Alerts: HighErrorRate")
GATE_REQUESTS = Threshold(20, "requests", "Ascent: the fewest of which one is not more than ERROR_RATE")
ALARM_PERIOD = Threshold(60, "seconds", "AWS, Application Load Balancer: metrics come once a minute")

# Load
REQUESTS_PER_USER = Threshold(2, "requests/minute/user", f"Ascent: {SUMMARY} allows 60 messages an hour; one more call")
POOL_SIZE_MIN = Threshold(20, "connections", f"{NARFE}, Stage 2: default_pool_size")
POOL_SIZE_MAX = Threshold(200, "connections", f"{FIFTY_K}, Recommended Pool Settings: 100-200; {SUMMARY}: 200 pooled")

# Retention
FLOW_LOG_DAYS = Threshold(7, "days", f"{SUMMARY}, System Log Retention: edge function logs")
APP_LOG_DAYS = Threshold(30, "days", f"{ORIVA}, Service Level Objectives: the longest window is 30 days")
ACCESS_LOG_DAYS = Threshold(90, "days", f"{SUMMARY}, System Log Retention: webhook events")
FLOW_LOG_INTERVAL = Threshold(600, "seconds", "AWS, flow logs: the cheaper of the two aggregation intervals")
KEY_DELETION_DAYS = Threshold(30, "days", "AWS KMS: the longest waiting period, for keys that guard data")
KEY_DELETION_DAYS_UNPROTECTED = Threshold(7, "days", "AWS KMS: the shortest waiting period")
SECRET_RECOVERY_DAYS = Threshold(30, "days", "AWS Secrets Manager: the longest recovery window")
MULTIPART_DAYS = Threshold(7, "days", "AWS S3, lifecycle: the example for uploads that never end")
CLOUDFLARE_AUTO_TTL = Threshold(1, "seconds", "Cloudflare API: 1 means automatic, which a proxied record has to have")
UNHEALTHY_MINUTES = Threshold(5, "minutes", f"{GUIDE}, Rolling Updates: monitor for 5 minutes")
INSTANCE_LOOK = Threshold(5, "seconds", "Ascent: between two looks of an instance at its application")
WORKER_LOOKS = Threshold(12, "looks", "Ascent: a minute in which a worker that listens nowhere has not died")
WORKER_PATIENCE = Threshold(60, "looks", "Ascent: five minutes without an answer, and the worker is replaced")
LOG_BUFFER = Threshold(8, "MiB", "AWS blog, Preventing log loss with non-blocking mode: 1 MiB loses, from 4 on little")
WARM_PREPARED = Threshold(
    2,
    "times the minimum",
    "AWS, PutWarmPool: the pool is this less what is in service, and never less than its minimum",
)
ALL_ON_DEMAND = Threshold(100, "percent", "AWS, mixed instances: no spot above the base")

# The database
DATABASE_PORT = Threshold(5432, "port", "PostgreSQL documentation: port")
BACKUP_DAYS = Threshold(
    35, "days", "AWS Aurora: the longest retention of automated backups, and so of point-in-time recovery"
)
BACKUP_DAYS_UNPROTECTED = Threshold(1, "days", "AWS Aurora: the shortest retention of automated backups")
INSIGHTS_DAYS = Threshold(7, "days", "AWS Performance Insights: the retention that costs nothing")
SLOW_QUERY_MS = Threshold(500, "milliseconds", f"{NARFE}, Stage 3: query times > 500ms")
HNSW_BUILD_MEMORY = Threshold(
    1_048_576, "KiB", "pgvector, HNSW: a build is quick while the graph fits maintenance_work_mem"
)
HNSW_BUILD_WORKERS = Threshold(2, "workers", "pgvector, HNSW: parallel maintenance workers, PostgreSQL's default")
CACHE_TOKEN_LENGTH = Threshold(64, "characters", "AWS ElastiCache: an auth token has 16 to 128 characters")
READER_CPU_TARGET = Threshold(60, "percent", f"Ascent: well before the 80 % of CPU of {NARFE}, Stage 4")
READER_SCALE_IN_COOLDOWN = Threshold(
    900, "seconds", "Ascent: thrice the way up, so that a lull does not cost a warm reader"
)
READER_SCALE_OUT_COOLDOWN = Threshold(
    300, "seconds", "AWS Aurora Auto Scaling: the default; a reader takes minutes to come"
)
READER_WAIT = Threshold(1800, "seconds", "Ascent: an Aurora instance is deleted in 5 to 15 minutes")
READER_POLL = Threshold(15, "seconds", "Ascent: between two looks at whether a reader is gone")
PROXY_IDLE_TIMEOUT = Threshold(1800, "seconds", "AWS RDS Proxy: the default of idle_client_timeout")

PROXY_SHARE = Threshold(
    20, "percent", "AWS RDS Proxy, MaxConnectionsPercent: the least that it recommends, so that pinned sessions fit"
)

# The connection budget
CONNECTIONS_PER_INSTANCE = Threshold(20, "connections", f"{ORIVA}, environment: DB_POOL_MAX")
CONNECTION_RESERVE = Threshold(
    15, "connections", "AWS Aurora: kept for superusers and monitoring; and a few for operators"
)
JOB_CONNECTIONS = Threshold(
    5, "connections", "Ascent: a schema job, a refresh, an archive, a health query and one spare"
)
CONNECTIONS_PER_WORKER = Threshold(2, "connections", f"{ORIVA}, environment: DB_POOL_MIN")

APP_STATEMENT_SECONDS = Threshold(
    60, "seconds", "AWS ALB: idle_timeout's default; whoever asked has been answered with an error by then"
)
ROLE_KEEPER_SECONDS = Threshold(900, "seconds", "AWS Lambda: the longest that a function runs; thousands of tables")
FUNCTION_LOG_DAYS = Threshold(30, "days", "Ascent: as the application's own log")

# The cache
REDIS_PORT = Threshold(6379, "port", f"{GUIDE}, Docker Compose: REDIS_URL")
CACHE_NAME = Threshold(40, "characters", "AWS ElastiCache, CreateReplicationGroup: ReplicationGroupId")
CACHE_LOG_DAYS = Threshold(7, "days", f"{SUMMARY}, System Log Retention: edge function logs")
# Cache lifetimes that the application gets as variables, by what it caches.
CACHE_TTLS = {
    "FEED": Threshold(300, "seconds", f"{NARFE}, Stage 6: cached feed"),
    "DEFAULT": Threshold(300, "seconds", f"{GUIDE}, Caching Strategy: default TTL"),
    "AI_RESPONSE": Threshold(3600, "seconds", f"{FIFTY_K}, AI Response Caching"),
    "LLM_CONFIG": Threshold(600, "seconds", f"{SUMMARY}, LLM Config Cache Optimization"),
    "CONVERSATION": Threshold(300, "seconds", f"{SUMMARY}, Query Result Caching: conversation metadata"),
    "SUBSCRIPTION": Threshold(600, "seconds", f"{SUMMARY}, Query Result Caching: user subscription status"),
    "USAGE": Threshold(60, "seconds", f"{SUMMARY}, Query Result Caching: feature usage counters"),
}

# Storage
UNUSED_UPLOAD_DAYS = Threshold(90, "days", f"{FIFTY_K}, Storage Optimization: delete unused images after 90 days")
ARCHIVE_DAYS = Threshold(365, "days", f"{NARFE}, Database Maintenance: archive data older than a year")

# Queues
DEAD_LETTER_RETENTION = Threshold(1_209_600, "seconds", "AWS SQS: the longest retention, 14 days")
QUEUE_RETENTION = Threshold(
    604_800,
    "seconds",
    "AWS SQS Developer Guide, dead-letter queue retention: a message's age counts from when it was sent, so the queue "
    "keeps it for less long; half as long leaves people a week to look at it",
)
QUEUE_VISIBILITY = Threshold(300, "seconds", "Ascent: an image analysis takes a minute at most; five times that")
QUEUE_WAIT = Threshold(20, "seconds", "AWS SQS: the longest long poll, which costs least")
UPLOAD_LIMIT = Threshold(5_242_880, "bytes", f"{FIFTY_K}, Storage Buckets: user uploads, 5 MB")
POOL_PER_INSTANCE_MIN = Threshold(2, "connections", f"{ORIVA}, environment: DB_POOL_MIN")
WORKER_STOP_GRACE = Threshold(300, "seconds", "Ascent: as QUEUE_VISIBILITY, for which its job is its own")

# Jobs
JOB_CPU = Threshold(256, "CPU units", "AWS Fargate: the smallest task; the database does the work")
JOB_MEMORY = Threshold(512, "MiB", "AWS Fargate: the smallest task")
JOB_RETRIES = Threshold(3, "attempts", "Ascent: a lock held for minutes is over by the third")
JOB_EVENT_AGE = Threshold(3600, "seconds", "Ascent: what could not start within the hour comes again with the next")

# Pods
SERVICE_PORT = Threshold(80, "port", f"{GUIDE}, Docker + Kubernetes: Service port")
POD_CPU_TARGET = Threshold(70, "percent", f"{GUIDE}, Docker + Kubernetes: HorizontalPodAutoscaler, cpu")
POD_MEMORY_TARGET = Threshold(80, "percent", f"{GUIDE}, Docker + Kubernetes: HorizontalPodAutoscaler, memory")
POD_LIMIT_RATIO = Threshold(2, "times the request", f"{GUIDE}, Docker + Kubernetes: limits 1Gi/1000m over 512Mi/500m")
POD_DOWN_WINDOW = Threshold(300, "seconds", "Kubernetes, HPA: the default stabilization on the way down")
POD_UP_WINDOW = Threshold(60, "seconds", "Ascent: fast up, so that a minute of load is answered in the next")
POD_UP_PERCENT = Threshold(100, "percent", "Ascent: at most twice the pods each minute")
POD_DOWN_PERCENT = Threshold(25, "percent", "Ascent: slow down, since load that left may come back")
POD_SCALE_PERIOD = Threshold(60, "seconds", "Ascent: one step a minute, the rate at which metrics are averaged")
POD_DISRUPTION = Threshold(25, "percent", "Ascent: a quarter at a time, rounded up, so that even one pod may be moved")
POD_SURGE = Threshold(25, "percent", "Kubernetes, Deployment: the default of maxSurge")
LIVENESS_DELAY = Threshold(30, "seconds", f"{GUIDE}, Docker + Kubernetes: livenessProbe.initialDelaySeconds")
LIVENESS_PERIOD = Threshold(10, "seconds", f"{GUIDE}, Docker + Kubernetes: livenessProbe.periodSeconds")
READINESS_DELAY = Threshold(5, "seconds", f"{GUIDE}, Docker + Kubernetes: readinessProbe.initialDelaySeconds")
READINESS_PERIOD = Threshold(5, "seconds", f"{GUIDE}, Docker + Kubernetes: readinessProbe.periodSeconds")
POD_PROGRESS = Threshold(900, "seconds", "Ascent: a node, an image and the start of a pod, thrice over")
POD_HISTORY = Threshold(5, "revisions", "Ascent: enough to go back to by hand")
POD_USER = Threshold(1000, "user id", "Docker, official images: the first ordinary user, such as node")
POD_SCRATCH = Threshold(256, "MiB", "Ascent: /tmp, the only place that a pod may write to")
JOB_HISTORY = Threshold(3, "runs", "Kubernetes, CronJob: the default of successfulJobsHistoryLimit")

# Nodes
NODE_AGENTS_CPU = Threshold(
    300, "millicores", "aws-observability/helm-charts: requests of the CloudWatch agent, 250 m, and of Fluent Bit, 50 m"
)
NODE_AGENTS_MEMORY = Threshold(153, "MiB", "aws-observability/helm-charts: requests of the same, 128 and 25 MiB")
NODE_PODS = Threshold(110, "pods", "Amazon EKS Auto Mode, Create a Node Class, Considerations: the most on a node")
NODE_MEMORY_PER_POD = Threshold(11, "MiB", "Amazon EKS AMI: kubelet's share for each pod that a node could have")
NODE_MEMORY_BASE = Threshold(355, "MiB", "Amazon EKS AMI: 255 for kubelet and system, 100 before pods are evicted")
NODE_MEMORY_VM = Threshold(75, "thousandths", "Karpenter, VM_MEMORY_OVERHEAD_PERCENT: the default, 7.5 %")
NODE_GENERATION = Threshold(5, "generation", "AWS EC2: Graviton begins with 6 in the c and m families")
NODE_CPU_BELOW = Threshold(17, "vCPU", "Ascent: no node so large that losing it loses most of the pods")
NODE_LIFETIME = Threshold(336, "hours", "AWS EKS Auto Mode: the default; 21 days are the most")
NODE_DRAIN = Threshold(24, "hours", "AWS EKS Auto Mode: the default terminationGracePeriod")
NODE_DISRUPTION = Threshold(10, "percent", "Karpenter, NodePool: the default of a disruption budget")
CLUSTER_LOG_DAYS = Threshold(90, "days", f"{SUMMARY}, System Log Retention: webhook events; audit logs are among them")
SYSTEM_CPU = Threshold(
    500, "millicores", "AWS EKS, metrics-server: 100 m each for two pods, and as much again to spare"
)
SYSTEM_MEMORY = Threshold(512, "MiB", "AWS EKS, metrics-server: 200 MiB each for two pods, and some to spare")
JOB_POD_CPU = Threshold(250, "millicores", "Ascent: as a Fargate task, 256 CPU units of 1024")

# Poolers and caches in the cluster
POOLER_PODS = Threshold(2, "pods", "Ascent: one for each of two zones; the other carries on when one is lost")
POOLER_MOVING_PODS = Threshold(2, "pods", "Ascent: an update adds one while an old one still drains; charts/values.py")
POOLER_CLIENTS_MIN = Threshold(100, "connections", f"{NARFE}, Stage 2: max_client_conn")
POOLER_CLIENTS_MAX = Threshold(20_000, "connections", "PgBouncer: what one thread and 64 Ki file descriptors carry")
POOLER_POD_CPU = Threshold(100, "millicores", "charts/pgbouncer: its requests")
POOLER_POD_MEMORY = Threshold(64, "MiB", "charts/pgbouncer: its requests")
REDIS_PODS = Threshold(3, "pods", f"{GUIDE}, Redis Setup Options, option 3: a majority of sentinels needs three")
REDIS_POD_CPU = Threshold(100, "millicores", "charts/redis: its requests")
REDIS_POD_MEMORY = Threshold(
    1024, "MiB", "Ascent: an eighth of the smallest ElastiCache node, for three quarters of it"
)
SENTINEL_CPU = Threshold(50, "millicores", "charts/redis: its requests")
SENTINEL_MEMORY = Threshold(32, "MiB", "charts/redis: its requests")
SENTINEL_PORT = Threshold(26379, "port", "Redis documentation, Sentinel: the default port")

# The edge
NARFE_CDN = f"{NARFE}, Stage 5: page rules"
STORAGE_EDGE_TTL = Threshold(2_592_000, "seconds", f"{NARFE_CDN}: Edge Cache TTL 1 month")
STORAGE_BROWSER_TTL = Threshold(86_400, "seconds", f"{NARFE_CDN}: Browser Cache TTL 1 day")
IMAGE_EDGE_TTL = Threshold(604_800, "seconds", f"{SUMMARY}, CDN Setup: images 1 week")
CHART_EDGE_TTL = Threshold(86_400, "seconds", f"{SUMMARY}, CDN Setup: chart SVGs 1 day")
NEVER_STORED = Threshold(-1, "seconds", "Cloudflare API, status_code_ttl: -1 means no-store")
CLIENT_ERRORS = (
    Threshold(400, "status", "RFC 9110, section 15.5: the first client error"),
    Threshold(499, "status", "RFC 9110, section 15.5: the last client error"),
)
MOST_SITES = Threshold(
    4, "stacks", "Cloudflare, Redirect Rules: availability: 10 on the free plan, and two for a stack"
)
EDGE_CERTIFICATE_DAYS = Threshold(
    90, "days", "Cloudflare, Validity periods and renewal: what all its authorities offer; it renews by itself"
)
HSTS_MAX_AGE = Threshold(31_536_000, "seconds", "hstspreload.org, submission requirements: at least a year")
# Requests from one address, by their kind; the general limit is for the rest of the API.
RATE_LIMITS = {
    "general": Threshold(200, "requests/minute", f"{FIFTY_K}, Rate Limiting: general API"),
    "uploads": Threshold(20, "requests/minute", f"{FIFTY_K}, Rate Limiting: file uploads"),
    "analysis": Threshold(
        100, "requests/minute", f"{FIFTY_K}, Rate Limiting: analysis; {ORIVA}, Adjust Rate Limits: 100, raised to 150"
    ),
}
WAF_LEAST = Threshold(10, "requests", "AWS WAF Developer Guide, Rate-based rule high-level settings: the lowest limit")
RATE_MINUTE = Threshold(60, "seconds", f"{FIFTY_K}, Rate Limiting: limits are per minute")
_CACHE_PLANS = "Cloudflare, Cache Rules: availability"
_RATE_PLANS = "Cloudflare, Rate limiting rules: availability"
# What a zone's plan allows. tests/cloudflare/plans.json has the page of each, its version, and the day it was read.
PLAN_CACHE_RULES = {
    "free": Threshold(10, "rules", _CACHE_PLANS),
    "pro": Threshold(25, "rules", _CACHE_PLANS),
    "business": Threshold(50, "rules", _CACHE_PLANS),
    "enterprise": Threshold(300, "rules", _CACHE_PLANS),
}
PLAN_MIN_EDGE_TTL = {
    "free": Threshold(7200, "seconds", "Cloudflare, Edge Cache TTL: minimum, 2 hours"),
    "pro": Threshold(3600, "seconds", "Cloudflare, Edge Cache TTL: minimum, 1 hour"),
    "business": Threshold(1, "seconds", "Cloudflare, Edge Cache TTL: minimum"),
    "enterprise": Threshold(1, "seconds", "Cloudflare, Edge Cache TTL: minimum"),
}
PLAN_RATE_RULES = {
    "free": Threshold(1, "rules", _RATE_PLANS),
    "pro": Threshold(2, "rules", _RATE_PLANS),
    "business": Threshold(5, "rules", _RATE_PLANS),
    "enterprise": Threshold(5, "rules", f"{_RATE_PLANS}; 100 with advanced rate limiting"),
}
# How long requests are counted, and then refused.
PLAN_RATE_PERIOD = {
    "free": Threshold(10, "seconds", f"{_RATE_PLANS}: the only period"),
    "pro": Threshold(60, "seconds", f"{_RATE_PLANS}: the longest period"),
    "business": Threshold(60, "seconds", f"{FIFTY_K}, Rate Limiting: limits are per minute"),
    "enterprise": Threshold(60, "seconds", f"{FIFTY_K}, Rate Limiting: limits are per minute"),
}

# Shortest time between two checks of a load balancer's monitor. Less is refused, "interval is not in range [60, 3600]".
_MONITORS = "Cloudflare, Load Balancing: quickstart, minimum time in seconds"
PLAN_MIN_MONITOR_INTERVAL = {
    "free": Threshold(60, "seconds", f"{_MONITORS}; Pro's, as it says nothing of Free"),
    "pro": Threshold(60, "seconds", _MONITORS),
    "business": Threshold(15, "seconds", _MONITORS),
    "enterprise": Threshold(10, "seconds", _MONITORS),
}

# Rollouts: the share of the new color in each step, and how long each step is observed
CANARY_WEIGHTS = (
    Threshold(5, "percent", f"{GUIDE}, Canary Deployment: 5 % of the traffic"),
    Threshold(25, "percent", f"{GUIDE}, Canary Deployment: 25 % if stable"),
    Threshold(50, "percent", f"{GUIDE}, Canary Deployment: 50 % if stable"),
    Threshold(100, "percent", f"{GUIDE}, Canary Deployment: full deployment if stable"),
)
BLUE_GREEN_WEIGHTS = (
    Threshold(10, "percent", f"{GUIDE}, Blue-Green Deployment: shift gradually"),
    Threshold(25, "percent", f"{GUIDE}, Blue-Green Deployment: shift gradually"),
    Threshold(50, "percent", f"{GUIDE}, Blue-Green Deployment: shift gradually"),
    Threshold(100, "percent", f"{GUIDE}, Blue-Green Deployment: shift gradually"),
)
CANARY_BAKE = Threshold(30, "minutes", f"{GUIDE}, Canary Deployment: monitor for 30 minutes")
BLUE_GREEN_BAKE = Threshold(10, "minutes", "Ascent: twice what the slowest gate alarm takes to fire")
ROLLING_BAKE = Threshold(5, "minutes", f"{GUIDE}, Rolling Updates: monitor for 5 minutes")
HEALTHY_WAIT = Threshold(15, "minutes", "Ascent: a node, an image pull and a start in 5 minutes; three times that")
ENGINE_WAIT = Threshold(30, "minutes", "Ascent: longer than an update that changes colors and nothing else")
# Several regions
STANDBY_REGIONS = Threshold(
    3, "regions", "AWS ElastiCache, Global Datastore: a primary cluster and secondary ones in up to two other regions"
)
DATABASE_REGIONS = Threshold(11, "regions", "AWS Aurora, Global Database: a primary and up to 10 secondary clusters")
FORWARDED_SHARE = Threshold(
    25,
    "percent",
    "AWS Aurora: apg_write_forward.max_forwarding_connections_percent, its default",
)
MONITOR_RETRIES = Threshold(
    2, "retries", "Cloudflare, monitors: the default; with the first try, as many as the unhealthy count of the ALB"
)
REPLICATION_MINUTES = Threshold(15, "minutes", "AWS S3, Replication Time Control: the only value there is")

# Failing over
FAILOVER_LAG = Threshold(1, "seconds", "AWS Aurora, Global Database: replication typically takes less than a second")
SWITCHOVER_LAG = Threshold(5, "seconds", "Ascent: with more, a switchover holds writes up for longer than it takes")
DATABASE_PROMOTION = Threshold(60, "seconds", "AWS Aurora, Global Database: a secondary is promoted within a minute")
DATABASE_SWITCHOVER = Threshold(120, "seconds", "Ascent: AWS says minutes, the old writer becomes a replica first")
CACHE_PROMOTION = Threshold(60, "seconds", "AWS ElastiCache, Global Datastore: promoted in less than a minute")
FAILOVER_UPDATE = Threshold(600, "seconds", "Ascent: some forty changes in two regions, autoscaling groups slowest")
APP_RESTART = Threshold(360, "seconds", "Ascent: four shares, each a start of 30 s and two good checks")
RESTART_SHARE = Threshold(25, "percent", "Ascent: with three zones, no more than is lost with one of them")
RESTART_WAIT = Threshold(
    600, "seconds", "Ascent: a worker ends its job in 300, then a start and its checks in 90; later it needs people"
)
BACKFILL_POLL = Threshold(60, "seconds", "Ascent: between two looks at a job that takes minutes at least")
ANSWER_WAIT = Threshold(60, "seconds", "Ascent: two checks of a load balancer, which comes to see who is healthy")
STILL_WAITING = Threshold(120, "seconds", "Ascent: between two words to who watches something long")
FAILOVER_POLL = Threshold(5, "seconds", "Ascent: between two looks at something that takes a minute")
FAILOVER_WAIT = Threshold(1800, "seconds", "Ascent: what is not there by then needs people")

# Restoring the database
RESTORE_CLUSTER = Threshold(1800, "seconds", "Ascent: AWS gives no figure, as it grows with the data; measure yours")
RESTORE_INSTANCE = Threshold(600, "seconds", "Ascent: an Aurora instance is there in 5 to 10 minutes")
RESTORE_PASSWORD = Threshold(60, "seconds", "Ascent: a change of settings without a restart")
INSTANCE_RENAMED = Threshold(
    600, "seconds", "Amazon RDS User Guide, Renaming a DB instance: its new name takes effect in about 10 minutes"
)
CLUSTER_RENAMED = Threshold(
    120, "seconds", "Amazon RDS User Guide, Renaming a Multi-AZ DB cluster: its new name takes effect in two minutes"
)
INSTANCE_REBOOT = Threshold(60, "seconds", "Ascent: an Aurora instance is there again in less; AWS says momentary")
PROXY_TARGET_WAIT = Threshold(60, "seconds", "Ascent: a proxy that is there already looks at its target anew")
RESTORE_UPDATE = Threshold(300, "seconds", "Ascent: reads a few resources again, and changes next to none")
RESTORE_POLL = Threshold(5, "seconds", "Ascent: between two looks; in the swap nobody can write meanwhile")
RESTORE_WAIT = Threshold(7200, "seconds", "terraform-provider-aws, aws_rds_cluster: its time-out for a restore")

# Copies of the database elsewhere
COPIED_DAYS = Threshold(
    7,
    "days",
    "Ascent: each copy is a whole one (Amazon Aurora User Guide, DB cluster snapshot copying); it need be new",
)
COPY_SOURCE_DAYS = Threshold(
    2, "days", "Ascent: a day in which a copy that failed can be made again; the cluster keeps its own backups"
)
VAULT_NAME = Threshold(
    50, "characters", "AWS Backup API Reference, CreateBackupVault and CreateBackupPlan: their names"
)

# Alarms: limits and durations, from the runbooks where they have them
DATABASE_CPU = Threshold(80, "percent", f"{NARFE}, Set Up Alerts: HighDatabaseCPU")
DATABASE_CPU_MINUTES = Threshold(5, "minutes", f"{NARFE}, Set Up Alerts: HighDatabaseCPU")
DATABASE_CPU_FULL = Threshold(95, "percent", f"{NARFE}, Emergency Procedures: at 100%, as near as averages show")
DATABASE_CPU_RAISED = Threshold(70, "percent", f"{NARFE}, Stage 3: CPU usage consistently > 70%")
SLOW_STATEMENT_MS = Threshold(2000, "milliseconds", f"{NARFE}, Set Up Alerts: SlowQueries")
SLOW_STATEMENT_MINUTES = Threshold(5, "minutes", f"{NARFE}, Set Up Alerts: SlowQueries")
SLOW_STATEMENT_SHARE = Threshold(5, "percent", f"{NARFE}, Set Up Alerts: a p95 above a limit is 5 % of all above it")
DIRECT_CONNECTIONS = Threshold(50, "connections", f"{NARFE}, Stage 2: database connections > 50")
CONNECTIONS_SHARE = Threshold(80, "percent of the limit", f"{SUMMARY}, Set Up Alerts: connections at 80%")
STORAGE_SHARE = Threshold(75, "percent of the limit", f"{SUMMARY}, Set Up Alerts: database size at 75% of its limit")
AURORA_VOLUME = Threshold(140_737_488_355_328, "bytes", "AWS Aurora, quotas: the cluster volume, 128 TiB")
ACU_BYTES = Threshold(2_147_483_648, "bytes", "AWS Aurora Serverless v2: memory of a capacity unit, 2 GiB")
DATABASE_MEMORY_FREE = Threshold(20, "percent", f"{ORIVA}, Automatic Scaling: more than 80% of the memory used")
LASTING_MINUTES = Threshold(5, "minutes", f"{NARFE}, Set Up Alerts: as HighDatabaseCPU")
LATENCY_HEALTHY_MS = Threshold(1000, "milliseconds", f"{ORIVA}, Function Performance: healthy below, p95")
LATENCY_CRITICAL_MS = Threshold(3000, "milliseconds", f"{ORIVA}, Function Performance: critical above, p95")
LATENCY_MINUTES = Threshold(10, "minutes", f"{ORIVA}, Alert Thresholds: Slow Response")
ERROR_RATE_HEALTHY = Threshold(1, "percent", f"{ORIVA}, Function Performance: healthy below")
ERROR_RATE_HEALTHY_MINUTES = Threshold(5, "minutes", f"{ORIVA}, Manual Intervention: high error rate")
POOL_USE_WARNING = Threshold(70, "percent", f"{ORIVA}, Database Connection Pool: healthy below")
POOL_USE_CRITICAL = Threshold(90, "percent", f"{ORIVA}, Database Connection Pool: critical above")
POOL_MINUTES = Threshold(5, "minutes", f"{ORIVA}, Alert Thresholds: DB Pool Full")
POOL_WAITING_WARNING = Threshold(5, "requests", f"{ORIVA}, Database Connection Pool: healthy below")
POOL_WAITING_CRITICAL = Threshold(20, "requests", f"{ORIVA}, Database Connection Pool: critical above")
RATE_LIMITED_WARNING = Threshold(1, "percent", f"{ORIVA}, Rate Limiting: healthy below")
RATE_LIMITED_CRITICAL = Threshold(5, "percent", f"{ORIVA}, Rate Limiting: critical above")
RATE_LIMITED_MINUTES = Threshold(15, "minutes", f"{ORIVA}, Alert Thresholds: High 429 Rate")
TOO_MANY_REQUESTS = Threshold(429, "status", "RFC 6585, section 4")
FLEET_CPU = Threshold(80, "percent", f"{ORIVA}, Automatic Scaling: CPU > 80%")
FLEET_MEMORY = Threshold(80, "percent", f"{GUIDE}, Metrics to Monitor: memory, target 80% average")
FLEET_FULL = Threshold(99, "percent", f"{GUIDE}, Auto-Scaling Triggers: of a maximum of 100 at most, more is all of it")
DATABASE_READS = Threshold(1000, "statements/second", f"{NARFE}, Stage 6: database read load > 1000 QPS")
READERS_CPU = Threshold(80, "percent", f"{NARFE}, Stage 4: database CPU > 80%")
POOLING_USERS = Threshold(100, "users", f"{NARFE}, Stage 1: consistently > 100 concurrent users")
GLOBAL_USERS = Threshold(10_000, "users", f"{NARFE}, Stage 7: traffic > 10K concurrent users")
REFUSED_CONNECTIONS = Threshold(0, "events", f'{NARFE}, Stage 2: seeing "too many connections" errors')
EGRESS_GB = Threshold(200, "GB/month", f"{NARFE}, Stage 5: storage bandwidth > 200 GB/month")
MONTH_DAYS = Threshold(30, "days", f"{ORIVA}, Service Level Objectives: measurement window")
DAY_SECONDS = Threshold(86_400, "seconds", f"{ORIVA}, Service Level Objectives: 24 hours")
DAY_MINUTES = Threshold(1440, "minutes", f"{ORIVA}, Service Level Objectives: 24 hours")
CACHE_CPU = Threshold(80, "percent", f"{ORIVA}, Automatic Scaling: as the CPU of what serves requests")
CACHE_MEMORY = Threshold(80, "percent", f"{GUIDE}, Metrics to Monitor: memory, target 80% average")
CACHE_LATENCY_MS = Threshold(10, "milliseconds", f"{GUIDE}, Metrics to Monitor: Redis latency < 10ms average")
CERTIFICATE_DAYS = Threshold(30, "days", "AWS ACM: renewal starts 60 days before; half of that has passed in vain")
VISITS_SHARE = Threshold(
    1,
    "percent of the least that comes",
    "Ascent: what is left of a hundredth of that is bots, or somebody's own monitor",
)
OUTSIDE_MINUTES = Threshold(5, "minutes", f"{NARFE}, Set Up Alerts: as long as HighDatabaseCPU")

# Objectives, in hundredths of a percent of good events, over 30 days
AVAILABILITY_TARGET = Threshold(9990, "per 10 000", f"{ORIVA}, Service Level Objectives: availability 99.9%")
LATENCY_P95_TARGET = Threshold(9500, "per 10 000", f"{ORIVA}, Service Level Objectives: p95 < 1000ms")
LATENCY_P99_TARGET = Threshold(9900, "per 10 000", f"{ORIVA}, Service Level Objectives: p99 < 3000ms")
DATABASE_TARGET = Threshold(9995, "per 10 000", f"{ORIVA}, Service Level Objectives: database uptime 99.95%")
QUIET_SHARE = Threshold(5, "percent", "Ascent: of a stage's users are there in its quietest hours")

# Notifications and dashboards
INSIGHTS_LOG_DAYS = Threshold(7, "days", f"{SUMMARY}, System Log Retention: edge function logs")
BUDGET_ALL = Threshold(100, "percent", f"{GUIDE}, Cost Monitoring: set budget alerts")
DASHBOARD_COLUMNS = Threshold(24, "columns", "AWS CloudWatch, dashboard body: the grid's width")
PANEL_HEIGHT = Threshold(6, "rows", "AWS CloudWatch, dashboard body: the default height")
ALARMS_PER_PANEL = Threshold(100, "alarms", "AWS CloudWatch, dashboard body: an alarm widget")

# The account
MOST_TAGS = Threshold(40, "tags", "AWS General Reference, Tag naming limits: 50 a resource, ten of which are ours")
STACK_NAME = Threshold(
    34, "characters", "Amazon S3, bucket naming rules: 63, of which region, bucket and suffix take 29"
)

# Accepted findings of the guard
ALLOWANCE_DAYS = Threshold(14, "days", "Ascent: a change that waits for longer than two weeks is looked at anew")
