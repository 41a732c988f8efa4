{{- define "pgbouncer.name" -}}
{{- if contains "pgbouncer" .Release.Name -}}{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-pgbouncer" (.Release.Name | trunc 42 | trimSuffix "-") }}{{- end -}}
{{- end }}

{{- define "pgbouncer.selector" -}}
app.kubernetes.io/name: pgbouncer
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pgbouncer.labels" -}}
{{ include "pgbouncer.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | trunc 63 | quote }}
app.kubernetes.io/component: pooler
app.kubernetes.io/part-of: ascent
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "pgbouncer.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* Most pods that hold connections at a time: an update adds a new one while an old one still drains. */ -}}
{{- define "pgbouncer.podsAtOnce" -}}
{{- with .Values -}}
{{- ternary .autoscaling.maxReplicas .replicas .autoscaling.enabled | int | add 2 -}}
{{- end -}}
{{- end }}

{{- /* What the schema cannot say: sums, and what is needed only together. The same as in charts/values.py. */ -}}
{{- define "pgbouncer.validate" -}}
{{- with .Values -}}
{{- $values := . -}}
{{- $wrong := list -}}
{{- if not .databases }}{{ $wrong = append $wrong "databases: name at least one" }}{{ end -}}
{{- if kindIs "invalid" .connectionBudget }}{{ $wrong = append $wrong "connectionBudget is needed" }}{{ end -}}
{{- if not .auth.secretName }}{{ $wrong = append $wrong "auth.secretName is needed" }}{{ end -}}
{{- if and .networkPolicy.enabled (not .networkPolicy.clients) -}}
{{- $wrong = append $wrong "networkPolicy.clients is needed" -}}
{{- end -}}
{{- if and (hasPrefix "verify" .serverTls.mode) (not .serverTls.ca.name) (not .serverTls.ca.pem) -}}
{{- $wrong = append $wrong (printf "serverTls.ca.name is needed for %s, or serverTls.ca.pem" .serverTls.mode) -}}
{{- end -}}
{{- if and .serverTls.ca.name .serverTls.ca.pem -}}
{{- $wrong = append $wrong "serverTls.ca has a name and a pem; it should have one of them" -}}
{{- end -}}
{{- if and (ne .clientTls.mode "disable") (not .clientTls.secretName) -}}
{{- $wrong = append $wrong "clientTls.secretName is needed" -}}
{{- end -}}
{{- if gt (int .autoscaling.minReplicas) (int .autoscaling.maxReplicas) -}}
{{- $wrong = append $wrong "autoscaling.minReplicas is above maxReplicas" -}}
{{- end -}}
{{- if le (int .shutdown.graceSeconds) (int .shutdown.drainSeconds) -}}
{{- $wrong = append $wrong "shutdown.graceSeconds must be above drainSeconds" -}}
{{- end -}}
{{- if eq .image.tag "latest" -}}
{{- $wrong = append $wrong "image.tag latest is whatever was pushed last; name a version" -}}
{{- end -}}
{{- $names := list -}}
{{- $servers := dict -}}
{{- range .databases -}}
{{- if has .name $names }}{{ $wrong = append $wrong "databases: two have the same name" }}{{ end -}}
{{- if eq .name "pgbouncer" }}{{ $wrong = append $wrong "databases: pgbouncer is the console's name" }}{{ end -}}
{{- $names = append $names .name -}}
{{- $cap := .maxDbConnections | default $values.pool.maxDbConnections | int -}}
{{- $size := .poolSize | default $values.pool.defaultSize | int -}}
{{- if gt $size $cap -}}
{{- $wrong = append $wrong (printf "%s: a pool of %d is above the cap of %d connections" .name $size $cap) -}}
{{- end -}}
{{- $server := printf "%s:%d" .host (.port | default 5432 | int) -}}
{{- $_ := set $servers $server (add (get $servers $server | default 0) $cap) -}}
{{- end -}}
{{- $pods := include "pgbouncer.podsAtOnce" $ | int -}}
{{- range $server, $caps := $servers -}}
{{- $most := mul $pods $caps -}}
{{- if and $values.connectionBudget (gt $most (int64 $values.connectionBudget)) -}}
{{- $wrong = append $wrong (printf "%s: %d pods x %d connections = %d, above the budget of %d" $server $pods $caps $most (int $values.connectionBudget)) -}}
{{- end -}}
{{- end -}}
{{- if $wrong }}{{ fail (join "; " $wrong) }}{{ end -}}
{{- end -}}
{{- end }}

{{- /* Paths are relative to the working directory, /etc/pgbouncer. */ -}}
{{- define "pgbouncer.ini" -}}
{{- with .Values -}}
[databases]
{{- range .databases }}
{{ .name }} = host={{ .host }} port={{ .port | default 5432 | int }} dbname={{ .dbname | default .name }}
{{- with .poolSize }} pool_size={{ int . }}{{ end }}
{{- with .maxDbConnections }} max_db_connections={{ int . }}{{ end }}
{{- end }}

[pgbouncer]
listen_addr = {{ .listen.address }}
listen_port = {{ int .listen.port }}
unix_socket_dir =

pool_mode = {{ .pool.mode }}
default_pool_size = {{ int .pool.defaultSize }}
reserve_pool_size = {{ int .pool.reserveSize }}
reserve_pool_timeout = {{ int .pool.reserveTimeout }}
max_db_connections = {{ int .pool.maxDbConnections }}
max_user_connections = {{ int .pool.maxUserConnections }}
max_client_conn = {{ int .pool.maxClientConnections }}
{{- with int .pool.maxPreparedStatements }}
max_prepared_statements = {{ . }}
{{- end }}
; Runs between clients in session mode; in transaction mode there is no session to clean.
server_reset_query = DISCARD ALL
ignore_startup_parameters = {{ join "," .ignoreStartupParameters }}

auth_type = scram-sha-256
auth_file = auth/userlist.txt
{{- if .auth.query.enabled }}
auth_user = {{ .auth.query.user }}
auth_query = {{ .auth.query.query }}
{{- with .auth.query.database }}
auth_dbname = {{ . }}
{{- end }}
{{- end }}
{{- with .auth.adminUsers }}
admin_users = {{ join "," . }}
{{- end }}
{{- with .auth.statsUsers }}
stats_users = {{ join "," . }}
{{- end }}

query_wait_timeout = {{ int .timeouts.queryWait }}
idle_transaction_timeout = {{ int .timeouts.idleTransaction }}
server_idle_timeout = {{ int .timeouts.serverIdle }}
server_lifetime = {{ int .timeouts.serverLifetime }}
server_connect_timeout = {{ int .timeouts.serverConnect }}
server_login_retry = {{ int .timeouts.serverLoginRetry }}
dns_max_ttl = {{ int .timeouts.dnsMaxTtl }}

server_tls_sslmode = {{ .serverTls.mode }}
{{- if ne .serverTls.mode "disable" }}
server_tls_protocols = secure
{{- if .serverTls.ca.pem }}
server_tls_ca_file = config/server-ca.crt
{{- else if .serverTls.ca.name }}
server_tls_ca_file = server-tls/ca.crt
{{- end }}
{{- end }}
client_tls_sslmode = {{ .clientTls.mode }}
{{- if ne .clientTls.mode "disable" }}
client_tls_protocols = secure
client_tls_cert_file = client-tls/tls.crt
client_tls_key_file = client-tls/tls.key
{{- end }}
; Thousands of short connections are normal here; counts are logged once a minute all the same.
log_connections = 0
log_disconnections = 0
{{ end -}}
{{- end }}

{{- define "pgbouncer.files" -}}
pgbouncer.ini: |
  {{- include "pgbouncer.ini" . | nindent 2 }}
start.sh: |
  {{- .Files.Get "files/start.sh" | nindent 2 }}
{{- with .Values.serverTls.ca.pem }}
server-ca.crt: |
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
