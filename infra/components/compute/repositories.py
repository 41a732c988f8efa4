"""Repositories of container images in ECR, and their copies in other regions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming

_UNTAGGED_IMAGE_DAYS = 14  # days: an image whose tag is gone can still be gone back to for two releases


@dataclass(frozen=True, kw_only=True)
class RepositoriesArgs:
    """What to make.

    account_id: the account, whose registry replicates into itself.
    names: names of the repositories, which are theirs at AWS too: an image's name holds them.
    copies: AWS provider by name of each region that gets a copy of every image.
    protect: guard the repositories against deletion, and keep their images where they are to be deleted all the same.
    """

    account_id: pulumi.Input[str]
    names: Sequence[str]
    copies: Mapping[str, aws.Provider]
    protect: bool


class Repositories(pulumi.ComponentResource):
    """Repositories whose images are scanned when they come, and whose tags stay with their image.

    ECR makes a missing repository where it replicates to, but without the scan or any other setting (Amazon ECR User
    Guide, "Private image replication", considerations): so the copies are declared as well.
    """

    def __init__(self, name: str, args: RepositoriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Repositories"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        copies: list[pulumi.Resource] = []
        for repository in args.names:
            label = repository.replace("/", "-")
            _repository(f"{name}-{label}", repository, protect=args.protect, opts=child)
            for region, provider in args.copies.items():
                there = pulumi.ResourceOptions(parent=self, provider=provider)
                copies.append(_repository(f"{name}-{label}-{region}", repository, protect=False, opts=there))
        if args.copies:
            # One for the whole registry of this region. The order is that of the settings, which does not change by
            # itself. A filter is the beginning of a repository's name.
            aws.ecr.ReplicationConfiguration(
                name,
                replication_configuration={
                    "rules": [
                        {
                            "destinations": [
                                {"region": region, "registry_id": args.account_id} for region in args.copies
                            ],
                            "repository_filters": [
                                {"filter": repository, "filter_type": "PREFIX_MATCH"} for repository in args.names
                            ],
                        }
                    ]
                },
                opts=pulumi.ResourceOptions(parent=self, depends_on=copies),
            )
        self.register_outputs({"names": list(args.names)})


def _repository(name: str, repository: str, *, protect: bool, opts: pulumi.ResourceOptions) -> aws.ecr.Repository:
    made = aws.ecr.Repository(
        name,
        name=repository,
        # A tag that moves would let two instances of one version differ.
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration={"scan_on_push": True},
        force_delete=not protect,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=protect)),
    )
    days = _UNTAGGED_IMAGE_DAYS
    rule = {
        "rulePriority": 1,
        "description": f"Untagged for {days} days",
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": days,
        },
        "action": {"type": "expire"},
    }
    aws.ecr.LifecyclePolicy(name, repository=made.name, policy=json.dumps({"rules": [rule]}), opts=opts)
    return made
