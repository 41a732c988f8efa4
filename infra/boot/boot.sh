config="$root/etc/ascent/instance.json"
# A boot that fails is reported: Auto Scaling then replaces the instance without waiting for the time-out.
trap 'python3 "$root/usr/local/bin/ascent-instance" fail "$config"' ERR

# A baked image may have both already.
missing=()
command -v docker >/dev/null || missing+=(docker)
agent="$root/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
[ -x "$agent" ] || missing+=(amazon-cloudwatch-agent)
if [ ${#missing[@]} -gt 0 ]; then
  for pause in 5 15 45 0; do
    dnf install --assumeyes --quiet "${missing[@]}" && break
    [ "$pause" -gt 0 ]
    sleep "$pause"
  done
fi

systemctl daemon-reload
systemctl enable --now docker.service
systemctl enable --now --no-block app.service ascent-instance.service

# Last, and whatever comes of it: an instance that cannot be measured still serves.
trap - ERR
"$agent" -a fetch-config -m ec2 -s -c "file:$root/etc/ascent/agent.json" || true
