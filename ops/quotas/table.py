"""The table of quotas that a stack can reach. Service Quotas has the same codes and names in every region.

Left out, because no stack of allowed sizes comes near:

- of a VPC: subnets (9 of 200), route tables (6 of 200), peerings (17 of 50, with every region there is)
- of a region: security groups (10 of 2,500), network interfaces (some hundreds of 5,000), prefix lists (1 of 100),
  launch templates (3 of 5,000), certificates (2 of 2,500), log groups (10 of 1,000,000), schedules (7 of 1,000,000),
  secrets (2 of 500,000), KMS keys (3 of 100,000), topics (2 of 100,000)
- of one thing: security groups of an interface (1 of 5), target groups of a load balancer (4 of 100) and its targets
  (470 of 1,000 at the largest sizes), managed policies of a role (5 of 10), subscriptions of a topic (of 12,500,000)
- with a DB cluster: its subnet group and its parameter group (50 of each, where 40 clusters are allowed)

SQS has no quota of queues.

CloudWatch has no quota of alarms (CloudWatch service quotas: no limit on the total number). It takes 3 PutMetricAlarm
requests a second in a region (L-0720E68F): a hundred alarms are half a minute, and the provider tries again what is
throttled, 25 times by default. So it costs time, and no update fails.
"""

from __future__ import annotations

from ops.quotas import needs, used
from ops.quotas.model import Quota, Scope
from ops.quotas.vcpu import Family

_EC2 = "Amazon Elastic Compute Cloud (Amazon EC2)"
_VPC = "Amazon Virtual Private Cloud (Amazon VPC)"
_EBS = "Amazon Elastic Block Store (Amazon EBS)"
_ELB = "Elastic Load Balancing (ELB)"
_ASG = "Amazon EC2 Auto Scaling"
_RDS = "Amazon Relational Database Service (Amazon RDS)"
_CACHE = "Amazon ElastiCache"
_EKS = "Amazon Elastic Kubernetes Service (Amazon EKS)"
_FARGATE = "AWS Fargate"
_IAM = "AWS Identity and Access Management (IAM)"
_S3 = "Amazon Simple Storage Service (Amazon S3)"
_ON_DEMAND = "Amazon EC2 User Guide, On-Demand Instance quotas"
_SPOT = "Amazon EC2 User Guide, Spot Instance quotas"
_GUIDE = "Amazon VPC User Guide, Amazon VPC quotas"
_STANDARD = "(A, C, D, H, I, M, R, T, Z)"


def _vcpus(code: str, name: str, title: str, default: float, of: Family, *, spot: bool) -> Quota:
    """A quota of vCPUs that run at once."""
    return Quota(
        service="ec2",
        product=_EC2,
        code=code,
        name=name,
        title=title,
        unit="vCPUs",
        default=default,
        scope=Scope.REGION,
        source=_SPOT if spot else _ON_DEMAND,
        need=needs.spot(of) if spot else needs.on_demand(of),
        used=used.instance_vcpus(of, spot=spot),
    )


QUOTAS: tuple[Quota, ...] = (
    _vcpus(
        "L-1216C47A",
        f"Running On-Demand Standard {_STANDARD} instances",
        "On-demand vCPUs",
        5,
        Family.STANDARD,
        spot=False,
    ),
    _vcpus(
        "L-34B43A08",
        f"All Standard {_STANDARD} Spot Instance Requests",
        "Spot vCPUs",
        5,
        Family.STANDARD,
        spot=True,
    ),
    # A stack's file takes Graviton types that do not count as standard: x2gd and x8g, g5g, hpc7g, which has no spot.
    _vcpus("L-7295265B", "Running On-Demand X instances", "On-demand vCPUs, X", 0, Family.X, spot=False),
    _vcpus("L-E3A00192", "All X Spot Instance Requests", "Spot vCPUs, X", 0, Family.X, spot=True),
    _vcpus("L-DB2E81BA", "Running On-Demand G and VT instances", "On-demand vCPUs, G", 0, Family.GRAPHICS, spot=False),
    _vcpus("L-3819A6DF", "All G and VT Spot Instance Requests", "Spot vCPUs, G", 0, Family.GRAPHICS, spot=True),
    _vcpus("L-F7808C92", "Running On-Demand HPC instances", "On-demand vCPUs, HPC", 0, Family.HPC, spot=False),
    Quota(
        service="ec2",
        product=_EC2,
        code="L-0263D0A3",
        name="EC2-VPC Elastic IPs",
        title="Elastic IP addresses",
        unit="addresses",
        default=5,
        scope=Scope.REGION,
        source=f"{_GUIDE}: Elastic IP addresses",
        need=needs.count("aws:ec2/eip:Eip"),
        used=used.addresses,
    ),
    Quota(
        service="vpc",
        product=_VPC,
        code="L-F678F1CE",
        name="VPCs per Region",
        title="VPCs",
        unit="VPCs",
        default=5,
        scope=Scope.REGION,
        source=f"{_GUIDE}: VPC and subnets",
        need=needs.count("aws:ec2/vpc:Vpc"),
        used=used.counted("ec2", "describe_vpcs", "Vpcs"),
    ),
    Quota(
        service="vpc",
        product=_VPC,
        code="L-A4707A72",
        name="Internet gateways per Region",
        title="Internet gateways",
        unit="gateways",
        default=5,
        scope=Scope.REGION,
        source=f"{_GUIDE}: Gateways; it follows the number of VPCs, which is what to raise",
        need=needs.count("aws:ec2/internetGateway:InternetGateway"),
        used=used.counted("ec2", "describe_internet_gateways", "InternetGateways"),
        raised_by="L-F678F1CE",
    ),
    Quota(
        service="vpc",
        product=_VPC,
        code="L-FE5A380F",
        name="NAT gateways per Availability Zone",
        title="NAT gateways in a zone",
        unit="gateways",
        default=5,
        scope=Scope.ZONE,
        source=f"{_GUIDE}: Gateways",
        need=needs.nat_gateways,
        used=used.nat_gateways,
    ),
    Quota(
        service="vpc",
        product=_VPC,
        code="L-29B6F2EB",
        name="Interface VPC endpoints per VPC",
        title="Interface endpoints, VPC",
        unit="endpoints",
        default=50,
        scope=Scope.OWN,
        source=f"{_GUIDE}: VPC endpoints",
        need=needs.most(needs.ENDPOINT, "vpcId", vpcEndpointType="Interface"),
    ),
    Quota(
        service="vpc",
        product=_VPC,
        code="L-1B52E74A",
        name="Gateway VPC endpoints per Region",
        title="Gateway endpoints",
        unit="endpoints",
        default=20,
        scope=Scope.REGION,
        source=f"{_GUIDE}: VPC endpoints",
        need=needs.count(needs.ENDPOINT, vpcEndpointType="Gateway"),
        used=used.counted(
            "ec2", "describe_vpc_endpoints", "VpcEndpoints", lambda one: one["VpcEndpointType"] == "Gateway"
        ),
    ),
    Quota(
        service="vpc",
        product=_VPC,
        code="L-0EA8095F",
        name="Inbound or outbound rules per security group",
        title="Rules of a security group",
        unit="rules",
        default=60,
        scope=Scope.OWN,
        source=f"{_GUIDE}: Security groups; Customer-managed prefix lists: a list counts with its maximum of entries",
        need=needs.group_rules,
    ),
    Quota(
        service="vpc",
        product=_VPC,
        code="L-93826ACB",
        name="Routes per route table",
        title="Routes of a table",
        unit="routes",
        default=500,
        scope=Scope.OWN,
        source=f"{_GUIDE}: Route tables; 500 since June 2025, 50 before",
        need=needs.routes,
    ),
    Quota(
        service="ebs",
        product=_EBS,
        code="L-7A658B76",
        name="Storage for General Purpose SSD (gp3) volumes, in TiB",
        title="Disks, gp3",
        unit="TiB",
        default=50,
        scope=Scope.REGION,
        source="Amazon EBS User Guide, Quotas for Amazon EBS",
        need=needs.gp3,
        used=used.gp3,
    ),
    Quota(
        service="elasticloadbalancing",
        product=_ELB,
        code="L-53DA6B97",
        name="Application Load Balancers per Region",
        title="Application Load Balancers",
        unit="load balancers",
        default=50,
        scope=Scope.REGION,
        source="Elastic Load Balancing, Quotas for your Application Load Balancers",
        need=needs.count("aws:lb/loadBalancer:LoadBalancer"),
        used=used.counted(
            "elbv2", "describe_load_balancers", "LoadBalancers", lambda one: one["Type"] == "application"
        ),
    ),
    Quota(
        service="elasticloadbalancing",
        product=_ELB,
        code="L-B22855CB",
        name="Target Groups per Region",
        title="Target groups",
        unit="target groups",
        default=3000,
        scope=Scope.REGION,
        source="Elastic Load Balancing, Quotas for your Application Load Balancers",
        need=needs.count("aws:lb/targetGroup:TargetGroup"),
        used=used.counted("elbv2", "describe_target_groups", "TargetGroups"),
    ),
    Quota(
        service="elasticloadbalancing",
        product=_ELB,
        code="L-7EED9B64",
        name="Rules per Application Load Balancer",
        title="Rules of the load balancer",
        unit="rules",
        default=100,
        scope=Scope.OWN,
        source="Elastic Load Balancing, Quotas for your Application Load Balancers: without default rules",
        need=needs.most("aws:lb/listenerRule:ListenerRule", "listenerArn"),
    ),
    Quota(
        service="autoscaling",
        product=_ASG,
        code="L-CDE20ADC",
        name="Auto Scaling groups per region",
        title="Autoscaling groups",
        unit="groups",
        default=500,
        scope=Scope.REGION,
        source="Amazon EC2 Auto Scaling User Guide, Quotas for Auto Scaling resources and groups",
        need=needs.count(needs.GROUP),
        used=used.counted("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups"),
    ),
    Quota(
        service="rds",
        product=_RDS,
        code="L-952B80B8",
        name="DB clusters",
        title="DB clusters",
        unit="clusters",
        default=40,
        scope=Scope.REGION,
        source="Amazon Aurora User Guide, Quotas in Amazon Aurora",
        need=needs.count("aws:rds/cluster:Cluster"),
        used=used.counted("rds", "describe_db_clusters", "DBClusters"),
    ),
    Quota(
        service="rds",
        product=_RDS,
        code="L-7B6409FD",
        name="DB instances",
        title="DB instances",
        unit="instances",
        default=40,
        scope=Scope.REGION,
        source="Amazon Aurora User Guide, Quotas in Amazon Aurora",
        need=needs.database_instances,
        used=used.counted("rds", "describe_db_instances", "DBInstances"),
    ),
    Quota(
        service="rds",
        product=_RDS,
        code="L-D94C7EA3",
        name="Proxies",
        title="RDS proxies",
        unit="proxies",
        default=20,
        scope=Scope.REGION,
        source="Amazon Aurora User Guide, Quotas and limitations for RDS Proxy",
        need=needs.count("aws:rds/proxy:Proxy"),
        used=used.counted("rds", "describe_db_proxies", "DBProxies"),
    ),
    Quota(
        service="elasticache",
        product=_CACHE,
        code="L-DFE45DF3",
        name="Nodes per Region",
        title="ElastiCache nodes",
        unit="nodes",
        default=300,
        scope=Scope.REGION,
        source="Amazon ElastiCache User Guide, Quotas for ElastiCache",
        need=needs.cache_nodes,
        used=used.cache_nodes,
    ),
    Quota(
        service="eks",
        product=_EKS,
        code="L-1194D53C",
        name="Clusters",
        title="EKS clusters",
        unit="clusters",
        default=100,
        scope=Scope.REGION,
        source="Amazon EKS User Guide, Service quotas",
        need=needs.count(needs.CLUSTER),
        used=used.counted("eks", "list_clusters", "clusters"),
    ),
    Quota(
        service="fargate",
        product=_FARGATE,
        code="L-3032A538",
        name="Fargate On-Demand vCPU resource count",
        title="Fargate vCPUs",
        unit="vCPUs",
        default=6,
        scope=Scope.REGION,
        source="Amazon ECS Developer Guide, AWS Fargate service quotas",
        need=needs.fargate,
        used=used.fargate,
    ),
    Quota(
        service="events",
        product="Amazon EventBridge (CloudWatch Events)",
        code="L-244521F2",
        name="Number of rules",
        title="Rules of the event bus",
        unit="rules",
        default=300,
        scope=Scope.REGION,
        source="Amazon EventBridge User Guide, Amazon EventBridge quotas: of a bus; 100 in the smallest regions",
        need=needs.count("aws:cloudwatch/eventRule:EventRule"),
        used=used.counted("events", "list_rules", "Rules"),
    ),
    Quota(
        service="iam",
        product=_IAM,
        code="L-FE177D64",
        name="Roles per account",
        title="IAM roles",
        unit="roles",
        default=1000,
        scope=Scope.ACCOUNT,
        source="IAM User Guide, IAM and AWS STS quotas",
        need=needs.count("aws:iam/role:Role"),
        used=used.identities("Roles"),
    ),
    Quota(
        service="iam",
        product=_IAM,
        code="L-6E65F664",
        name="Instance profiles per account",
        title="Instance profiles",
        unit="profiles",
        default=1000,
        scope=Scope.ACCOUNT,
        source="IAM User Guide, IAM and AWS STS quotas",
        need=needs.count("aws:iam/instanceProfile:InstanceProfile"),
        used=used.identities("InstanceProfiles"),
    ),
    Quota(
        service="s3",
        product=_S3,
        code="L-DC2B2D3D",
        name="General purpose buckets",
        title="S3 buckets",
        unit="buckets",
        default=10_000,
        scope=Scope.ACCOUNT,
        source="Amazon S3 User Guide, General purpose bucket quotas; looked at in us-east-1 alone",
        need=needs.count("aws:s3/bucket:Bucket"),
        used=used.counted("s3", "list_buckets", "Buckets"),
    ),
)
