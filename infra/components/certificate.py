"""The TLS certificate of the application's host name, in one region."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.dns import Records


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What a certificate needs.

    domain: the host name.
    records: whoever answers for the domain.
    prove: write the DNS record that proves ownership. ACM asks for the same one in every region, so one writes it.
    protect: guard the certificate against deletion.
    """

    domain: str
    records: Records
    prove: bool
    protect: bool


class Certificate(pulumi.ComponentResource):
    """An ACM certificate for a host name and everything one level below it.

    arn: known once ACM has validated it.
    """

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Certificate"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(
            name,
            domain_name=args.domain,
            # Another name would replace the certificate; with the wildcard, storage and later hosts need none.
            subject_alternative_names=[f"*.{args.domain}"],
            validation_method="DNS",
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        if args.prove:
            # The name and its wildcard are proven by one and the same record.
            proof = certificate.domain_validation_options[0]
            args.records.cname(
                f"{name}-proof", host=proof.resource_record_name, target=proof.resource_record_value, opts=child
            )
        # Waits until ACM has seen the record, whoever wrote it.
        validated = aws.acm.CertificateValidation(name, certificate_arn=certificate.arn, opts=child)
        self.arn = validated.certificate_arn
        self.register_outputs({"arn": self.arn})
