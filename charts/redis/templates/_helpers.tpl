{{- define "redis.name" -}}
{{- if contains "redis" .Release.Name -}}{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-redis" (.Release.Name | trunc 42 | trimSuffix "-") }}{{- end -}}
{{- end }}

{{- define "redis.selector" -}}
app.kubernetes.io/name: redis
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "redis.labels" -}}
{{ include "redis.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | trunc 63 | quote }}
app.kubernetes.io/component: cache
app.kubernetes.io/part-of: ascent
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "redis.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "redis.headless" -}}
{{ include "redis.name" . }}-nodes
{{- end }}

{{- define "redis.domain" -}}
{{ include "redis.headless" . }}.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end }}

{{- define "redis.quorum" -}}
{{ add 1 (div (int .Values.replicas) 2) }}
{{- end }}

{{- /* What the schema cannot say: sums, and what is needed only together. The same as in charts/values.py. */ -}}
{{- define "redis.validate" -}}
{{- with .Values -}}
{{- $wrong := list -}}
{{- if gt (mul 4 (int .maxmemoryMi)) (mul 3 (int .resources.memoryMi)) -}}
{{- $wrong = append $wrong (printf "maxmemoryMi %d is above three quarters of resources.memoryMi %d: saving and replicating need the rest" (int .maxmemoryMi) (int .resources.memoryMi)) -}}
{{- end -}}
{{- if and .tls.enabled (not .tls.secretName) }}{{ $wrong = append $wrong "tls.secretName is needed" }}{{ end -}}
{{- if and .networkPolicy.enabled (not .networkPolicy.clients) -}}
{{- $wrong = append $wrong "networkPolicy.clients is needed" -}}
{{- end -}}
{{- if gt (int .minReplicasToWrite) (sub (int .replicas) 2) -}}
{{- $wrong = append $wrong (printf "minReplicasToWrite %d stops every write when a pod is lost" (int .minReplicasToWrite)) -}}
{{- end -}}
{{- if le (int .shutdown.graceSeconds) (int .shutdown.handoverSeconds) -}}
{{- $wrong = append $wrong "shutdown.graceSeconds must be above handoverSeconds" -}}
{{- end -}}
{{- if eq .image.tag "latest" -}}
{{- $wrong = append $wrong "image.tag latest is whatever was pushed last; name a version" -}}
{{- end -}}
{{- if $wrong }}{{ fail (join "; " $wrong) }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "redis.tls" -}}
tls-port {{ .port }}
port 0
tls-cert-file {{ .files }}/tls.crt
tls-key-file {{ .files }}/tls.key
tls-ca-cert-file {{ .files }}/ca.crt
tls-auth-clients {{ ternary "yes" "no" .clientCertificates }}
tls-replication yes
{{ end -}}

{{- define "redis.files" -}}
{{- $tls := dict "files" "/etc/redis/tls" "clientCertificates" .Values.tls.clientCertificates -}}
redis.conf: |
  {{- if .Values.tls.enabled }}
  {{- include "redis.tls" (merge (dict "port" (int .Values.port)) $tls) | trim | nindent 2 }}
  {{- else }}
  port {{ int .Values.port }}
  {{- end }}
  # Names, not addresses: a pod that comes back has another address.
  replica-announce-port {{ int .Values.port }}
  maxmemory {{ int .Values.maxmemoryMi }}mb
  maxmemory-policy {{ .Values.maxmemoryPolicy }}
  appendonly {{ ternary "yes" "no" .Values.appendonly }}
  appendfsync everysec
  # A snapshot an hour for backups of the volume; the log is what a restart reads.
  save 3600 1
  min-replicas-to-write {{ int .Values.minReplicasToWrite }}
  min-replicas-max-lag 10
  # What a replica that was away for a moment needs to catch up without copying everything. It counts as a part of
  # maxmemory (Redis 7, evict.c, freeMemoryGetNotCountedMemory), so it is never more than a part of it.
  repl-backlog-size {{ div (int .Values.maxmemoryMi) 8 }}mb
  repl-diskless-sync yes
  repl-diskless-sync-delay 1
  tcp-keepalive 60
  timeout 0
  # Freed in the background, so that a large eviction is no pause.
  lazyfree-lazy-eviction yes
  lazyfree-lazy-expire yes
sentinel.conf: |
  {{- if .Values.tls.enabled }}
  {{- include "redis.tls" (merge (dict "port" (int .Values.sentinel.port)) $tls) | trim | nindent 2 }}
  {{- else }}
  port {{ int .Values.sentinel.port }}
  {{- end }}
  sentinel resolve-hostnames yes
  sentinel announce-hostnames yes
  sentinel announce-port {{ int .Values.sentinel.port }}
{{- range $path, $_ := .Files.Glob "files/*.sh" }}
{{ base $path }}: |
  {{- $.Files.Get $path | nindent 2 }}
{{- end }}
{{- end }}
