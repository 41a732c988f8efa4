-- The tables of database/example.yaml, as small as they can be.
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE itineraries (
    id bigserial PRIMARY KEY, creator_id int NOT NULL, status text NOT NULL, location text NOT NULL, price int NOT NULL
);
CREATE TABLE activities (
    id bigserial PRIMARY KEY, user_id int NOT NULL, kind text NOT NULL DEFAULT 'view', created_at timestamptz DEFAULT now()
);
CREATE TABLE itinerary_embeddings (id bigserial PRIMARY KEY, embedding vector(16) NOT NULL, text text);
CREATE INDEX itinerary_embeddings_vector_idx ON itinerary_embeddings USING hnsw (embedding vector_cosine_ops);
CREATE TABLE conversations (
    id bigserial PRIMARY KEY, user_id int NOT NULL, mode text NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE user_memory (id bigserial PRIMARY KEY, profile_id int NOT NULL, is_active boolean NOT NULL);
CREATE TABLE conversation_caches (id bigserial PRIMARY KEY, chat_id int NOT NULL);
CREATE TABLE conversation_summaries (
    id bigserial PRIMARY KEY, chat_id int NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE glow_analyses (
    id bigserial PRIMARY KEY, user_id int NOT NULL, overall_score int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE style_analyses (id bigserial PRIMARY KEY, user_id int NOT NULL, created_at date NOT NULL DEFAULT now());
CREATE TABLE progress_photos (id bigserial PRIMARY KEY, user_id int NOT NULL, created_at timestamp NOT NULL DEFAULT now());
CREATE TABLE api_metrics (
    id bigserial, endpoint text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE ai_response_cache (id bigserial PRIMARY KEY, expires_at timestamptz NOT NULL);
CREATE TABLE edge_function_logs (id bigserial PRIMARY KEY, created_at timestamptz NOT NULL);
CREATE TABLE stripe_webhook_events (id bigserial PRIMARY KEY, created_at timestamptz NOT NULL);
CREATE TABLE messages (
    id bigserial PRIMARY KEY, chat_id int NOT NULL, text text NOT NULL DEFAULT '', created_at timestamptz NOT NULL
);
