"""Types of resources that hold data or identity."""

from __future__ import annotations

from typing import Any

from catalog import tables

FACTS: dict[str, Any] = tables.load("replacement.json")
# Beside what those facts call stateful: types that the program has none of, in stacks of other projects and in what
# teams add. Type tokens as far as their last colon: a provider's module and file, or its module alone where it names no
# file.
_HOLDING = (
    "aws:acmpca/certificateAuthority",
    "aws:appstream/directoryConfig",
    "aws:backup/vault",
    "aws:cloudfront/distribution",
    "aws:cognito/userPool",
    "aws:directoryservice/directory",
    "aws:docdb/cluster",
    "aws:docdb/clusterInstance",
    "aws:dynamodb/globalTable",
    "aws:dynamodb/table",
    "aws:ebs/volume",
    "aws:ec2/instance",
    "aws:ecr/repository",
    "aws:efs/fileSystem",
    "aws:elasticache/cluster",
    "aws:elasticsearch/domain",
    "aws:fsx/lustreFileSystem",
    "aws:fsx/ontapFileSystem",
    "aws:fsx/openZfsFileSystem",
    "aws:fsx/windowsFileSystem",
    "aws:glacier/vault",
    "aws:iam/accessKey",
    "aws:iam/user",
    "aws:keyspaces/table",
    "aws:kinesis/stream",
    "aws:lightsail/database",
    "aws:memorydb/cluster",
    "aws:mq/broker",
    "aws:msk/cluster",
    "aws:neptune/cluster",
    "aws:opensearch/domain",
    "aws:qldb/ledger",
    "aws:rds/instance",
    "aws:redshift/cluster",
    "aws:s3/bucketV2",
    "aws:s3/directoryBucket",
    "aws:s3tables/table",
    "aws:ses/domainIdentity",
    "aws:timestreamwrite/table",
    "aws-native:dynamodb",
    "aws-native:rds",
    "aws-native:s3",
    "azure-native:containerregistry",
    "azure-native:dbformysql",
    "azure-native:dbforpostgresql",
    "azure-native:documentdb",
    "azure-native:keyvault",
    "azure-native:sql",
    "azure-native:storage",
    "cloudflare:index/d1Database",
    "cloudflare:index/queue",
    "cloudflare:index/workersKvNamespace",
    "digitalocean:index/databaseCluster",
    "digitalocean:index/spacesBucket",
    "digitalocean:index/volume",
    "gcp:alloydb/cluster",
    "gcp:artifactregistry/repository",
    "gcp:bigquery/dataset",
    "gcp:bigquery/table",
    "gcp:bigtable/instance",
    "gcp:compute/address",
    "gcp:compute/disk",
    "gcp:compute/globalAddress",
    "gcp:container/cluster",
    "gcp:dns/managedZone",
    "gcp:filestore/instance",
    "gcp:firestore/database",
    "gcp:kms/cryptoKey",
    "gcp:kms/keyRing",
    "gcp:redis/instance",
    "gcp:secretmanager/secret",
    "gcp:spanner/database",
    "gcp:spanner/instance",
    "gcp:sql/database",
    "gcp:sql/databaseInstance",
    "gcp:storage/bucket",
    "kubernetes:apiextensions.k8s.io/v1",
    "mongodbatlas:index/cluster",
    "postgresql:index/database",
    "postgresql:index/schema",
    "tls:index/privateKey",
)
_HOLDS = frozenset(_HOLDING)
# Kinds of one module that hold something, where others do not.
_KINDS = frozenset({"kubernetes:core/v1:PersistentVolume", "kubernetes:core/v1:PersistentVolumeClaim"})


def stateful(type_: str) -> bool:
    """Whether a resource of this type holds data, or an identity that others rely on."""
    known = bool(FACTS.get(type_, {}).get("stateful"))
    return known or type_ in _KINDS or type_.rpartition(":")[0] in _HOLDS
