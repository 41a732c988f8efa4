"""The stack's instances: which ones run, and restarts that have them fetch the new addresses."""

from __future__ import annotations

from collections.abc import Sequence

from infra import naming
from infra.clients import Clients
from infra.thresholds import HEALTH_TIMEOUT, RESTART_WAIT
from ops.failover.errors import explained

# AWS Systems Manager API Reference, CommandInvocation: the states before the end.
UNDER_WAY = ("Pending", "InProgress", "Delayed", "Cancelling")
# AWS Systems Manager API Reference, InstanceInformation, PingStatus: the others are ConnectionLost and Inactive.
ONLINE = "Online"
# Port and health path are in the file that user data writes: infra/user_data.py.
WHERE = "import json; one = json.load(open('/etc/ascent/instance.json')); print(str(one['port']) + one['health_path'])"
# The running container is left alone unless another one can start: `fetch` gets the secret, and the image if it is
# missing. A worker need not listen on a port, so it only has to run.
RESTART = f"""set -eu
/usr/local/bin/ascent-instance fetch /etc/ascent/instance.json
systemctl restart app.service
if grep -q '"role": "web"' /etc/ascent/instance.json; then
  here="http://127.0.0.1:$(python3 -c "{WHERE}")"
  until curl --fail --silent --output /dev/null --max-time {HEALTH_TIMEOUT.value} "$here"; do sleep 2; done
fi
systemctl is-active --quiet app.service"""


class FailoverInstances:
    """Calls AWS about instances, in their region."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def running(self, project: str, stack: str, region: str) -> list[str]:
        """Ids of the stack's running instances in a region, sorted. Another project may have a stack of the same name.

        Raises:
            CloudError: when AWS refuses.
        """
        wanted = {f"tag:{key}": value for key, value in naming.tags(project, stack).items()}
        wanted["instance-state-name"] = "running"
        with explained("ec2", region):
            pages = self._clients("ec2", region).get_paginator("describe_instances")
            found = pages.paginate(Filters=[{"Name": name, "Values": [value]} for name, value in wanted.items()])
            return sorted(
                one["InstanceId"] for page in found for group in page["Reservations"] for one in group["Instances"]
            )

    def serving(self, target_groups: Sequence[str], region: str) -> set[str]:
        """Ids of the instances that are healthy in a target group.

        Raises:
            CloudError: when AWS refuses.
        """
        healthy: set[str] = set()
        with explained("elbv2", region):
            for arn in target_groups:
                targets = self._clients("elbv2", region).describe_target_health(TargetGroupArn=arn)
                for one in targets["TargetHealthDescriptions"]:
                    if one["TargetHealth"]["State"] == "healthy":
                        healthy.add(one["Target"]["Id"])
        return healthy

    def reached(self, instances: Sequence[str], region: str) -> set[str]:
        """Which of these instances, fifty at most, Systems Manager reaches.

        It refuses a command as a whole if one of its instances is not registered, as one that boots is not yet (AWS
        Systems Manager API Reference, SendCommand, InvalidInstanceId).

        Raises:
            CloudError: when AWS refuses.
        """
        with explained("ssm", region):
            pages = self._clients("ssm", region).get_paginator("describe_instance_information")
            found = pages.paginate(Filters=[{"Key": "InstanceIds", "Values": list(instances)}])
            known = [one for page in found for one in page["InstanceInformationList"]]
        return {one["InstanceId"] for one in known if one["PingStatus"] == ONLINE}

    def restart(self, instances: Sequence[str], region: str) -> str:
        """Have these instances, fifty at most, restart the application. Returns the command's id.

        Raises:
            CloudError: when AWS refuses.
        """
        with explained("ssm", region):
            answer = self._clients("ssm", region).send_command(
                DocumentName="AWS-RunShellScript",
                Comment="ascent failover: fetch the new addresses",
                InstanceIds=list(instances),
                Parameters={"commands": RESTART.splitlines(), "executionTimeout": [str(RESTART_WAIT.value)]},
                MaxErrors="0",
            )
        return str(answer["Command"]["CommandId"])

    def restarted(self, command: str, region: str) -> dict[str, str]:
        """How the command ended on each instance so far: `Success`, or what SSM calls it otherwise.

        Raises:
            CloudError: when AWS refuses.
        """
        with explained("ssm", region):
            pages = self._clients("ssm", region).get_paginator("list_command_invocations").paginate(CommandId=command)
            seen = {one["InstanceId"]: one["Status"] for page in pages for one in page["CommandInvocations"]}
        return {name: status for name, status in seen.items() if status not in UNDER_WAY}
