"""The TLS certificate of the application's host name, in one region."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.dns import Records
from infra.thresholds import CERTIFICATE_WAIT


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What a certificate needs.

    domain: the host name.
    records: the domain's DNS provider.
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
            # Another name would replace the certificate; with the wildcard, later hosts below it need none.
            subject_alternative_names=[f"*.{args.domain}"],
            validation_method="DNS",
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        proofs = []
        if args.prove:
            # The name and its wildcard are proven by one and the same record.
            proof = certificate.domain_validation_options[0]
            record = args.records.cname(
                f"{name}-proof", host=proof.resource_record_name, target=proof.resource_record_value, opts=child
            )
            proofs.append(record)
        # Waits until ACM has seen the record, whichever DNS provider has it: minutes. The provider would wait for 75.
        validated = aws.acm.CertificateValidation(
            name,
            certificate_arn=certificate.arn,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=proofs,
                custom_timeouts=pulumi.CustomTimeouts(create=f"{CERTIFICATE_WAIT.value}m"),
            ),
        )
        self.arn = validated.certificate_arn
        self.register_outputs({"arn": self.arn})
