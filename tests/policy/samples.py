"""Good examples of types that policies look at, for those that a shipped stack may not have. Written by hand."""

from __future__ import annotations

import json
from typing import Any

_CONTAINER = {
    "name": "job",
    "image": "registry.example.com/job:1.0.0",
    "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "128Mi"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
_POD = {"spec": {"containers": [_CONTAINER]}}
_OWN_ACCOUNT = json.dumps(
    {
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sns:Publish",
                "Resource": "*",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
            }
        ]
    }
)

SAMPLES: dict[str, dict[str, Any]] = {
    "aws:budgets/budget:Budget": {"notifications": [{"threshold": 80}]},
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": {
        "guardrailPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    },
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": {"alarmDescription": "Both are red"},
    "aws:cloudwatch/dashboard:Dashboard": {"dashboardName": "prod"},
    "aws:docdb/cluster:Cluster": {"storageEncrypted": True},
    "aws:ebs/volume:Volume": {"encrypted": True},
    "aws:ec2/securityGroupRule:SecurityGroupRule": {
        "type": "ingress",
        "cidrBlocks": ["0.0.0.0/0"],
        "fromPort": 443,
        "toPort": 443,
    },
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": {"tags": {"Name": "use1-euw1"}},
    "aws:ecs/taskDefinition:TaskDefinition": {
        "containerDefinitions": json.dumps(
            [
                {
                    "name": "job",
                    "readonlyRootFilesystem": True,
                    "environment": [{"name": "PGSSLMODE", "value": "require"}],
                }
            ]
        )
    },
    "aws:efs/fileSystem:FileSystem": {"encrypted": True},
    "aws:iam/policy:Policy": {
        "policy": json.dumps(
            {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"}]}
        )
    },
    "aws:neptune/cluster:Cluster": {"storageEncrypted": True},
    "aws:rds/instance:Instance": {"publiclyAccessible": False, "storageEncrypted": True},
    "aws:route53/record:Record": {"ttl": 60, "records": ["192.0.2.1"]},
    "aws:s3/bucketAcl:BucketAcl": {"acl": "private"},
    "aws:sns/topic:Topic": {"kmsMasterKeyId": "alias/data"},
    "aws:sns/topicPolicy:TopicPolicy": {"policy": _OWN_ACCOUNT},
    "aws:sns/topicSubscription:TopicSubscription": {"protocol": "email"},
    "aws:sqs/queuePolicy:QueuePolicy": {"policy": _OWN_ACCOUNT},
    "cloudflare:index/loadBalancer:LoadBalancer": {"proxied": True, "fallbackPool": "1" * 32},
    "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor": {"type": "https", "path": "/api/health"},
    "cloudflare:index/loadBalancerPool:LoadBalancerPool": {"monitor": "1" * 32},
    "cloudflare:index/ruleset:Ruleset": {
        "phase": "http_ratelimit",
        "rules": [{"ref": "login", "ratelimit": {"requestsPerPeriod": 5, "period": 60}}],
    },
    "cloudflare:index/urlNormalizationSettings:UrlNormalizationSettings": {"scope": "incoming"},
    "cloudflare:index/zoneSetting:ZoneSetting": {"settingId": "ssl", "value": "strict"},
    "kubernetes:apps/v1:StatefulSet": {"spec": {"template": _POD}},
    "kubernetes:batch/v1:CronJob": {
        "spec": {"concurrencyPolicy": "Forbid", "jobTemplate": {"spec": {"template": _POD}}}
    },
}
