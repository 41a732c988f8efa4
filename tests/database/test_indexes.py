"""Indexes: used by the planner, replaced, rebuilt after an interruption."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.database.support import EXAMPLE, Database, until, written

SEED = """
    INSERT INTO itineraries (creator_id, status, location, price)
    SELECT i % 500, CASE WHEN i % 4 = 0 THEN 'published' ELSE 'draft' END, 'city ' || i % 300, i % 1000
    FROM generate_series(1, 20000) i;
    INSERT INTO activities (user_id, created_at)
    SELECT i % 500, now() - i * interval '1 minute' FROM generate_series(1, 20000) i;
    INSERT INTO itinerary_embeddings (embedding, text)
    SELECT (SELECT array_agg(random()) FROM generate_series(1, 16) j WHERE j + i > 0)::vector, repeat('x', 900)
    FROM generate_series(1, 3000) i;
    INSERT INTO conversations (user_id, mode, created_at)
    SELECT i % 500, 'chat', now() - i * interval '1 minute' FROM generate_series(1, 20000) i;
    INSERT INTO user_memory (profile_id, is_active) SELECT i, i % 2 = 0 FROM generate_series(1, 20000) i;
    INSERT INTO conversation_caches (chat_id) SELECT i FROM generate_series(1, 20000) i;
    INSERT INTO conversation_summaries (chat_id, created_at)
    SELECT i % 500, now() - i * interval '1 minute' FROM generate_series(1, 20000) i;
    INSERT INTO glow_analyses (user_id, overall_score, created_at)
    SELECT i % 500, i % 100, now() - i * interval '1 minute' FROM generate_series(1, 20000) i;
    INSERT INTO style_analyses (user_id) SELECT i % 5000 FROM generate_series(1, 20000) i;
    INSERT INTO progress_photos (user_id) SELECT i % 5000 FROM generate_series(1, 20000) i;
    INSERT INTO ai_response_cache (expires_at)
    SELECT now() + i * interval '1 minute' FROM generate_series(1, 20000) i;
    INSERT INTO edge_function_logs (created_at)
    SELECT now() - i * interval '1 minute' FROM generate_series(1, 20000) i;
    INSERT INTO stripe_webhook_events (created_at)
    SELECT now() - i * interval '1 minute' FROM generate_series(1, 20000) i;
    INSERT INTO messages (chat_id, created_at)
    SELECT i % 500, now() - i * interval '1 minute' FROM generate_series(1, 20000) i;
    """

QUERIES = {
    "idx_itineraries_creator_status": "SELECT * FROM itineraries WHERE creator_id = 7 AND status = 'draft'",
    "idx_itineraries_location_price": "SELECT * FROM itineraries WHERE status = 'published' AND location = 'city 4'"
    " AND price < 500",
    "idx_activities_user_created": "SELECT * FROM activities WHERE user_id = 7 ORDER BY created_at DESC LIMIT 20",
    "itinerary_embeddings_vector_idx": "SELECT id FROM itinerary_embeddings"
    " ORDER BY embedding <=> (SELECT embedding FROM itinerary_embeddings WHERE id = 1) LIMIT 5",
    "idx_conversations_user_mode_created": "SELECT * FROM conversations WHERE user_id = 7 AND mode = 'chat'"
    " ORDER BY created_at DESC LIMIT 20",
    "idx_user_memory_profile_active": "SELECT * FROM user_memory WHERE profile_id = 8 AND is_active",
    "idx_conversation_caches_chat_id": "SELECT * FROM conversation_caches WHERE chat_id = 8",
    "idx_conversation_summaries_latest": "SELECT * FROM conversation_summaries WHERE chat_id = 8"
    " ORDER BY created_at DESC LIMIT 1",
    "idx_glow_analyses_user_created": "SELECT * FROM glow_analyses WHERE user_id = 7 ORDER BY created_at DESC LIMIT 20",
    "idx_style_analyses_user_created": "SELECT * FROM style_analyses WHERE user_id = 7"
    " ORDER BY created_at DESC LIMIT 20",
    "idx_progress_photos_user_created": "SELECT * FROM progress_photos WHERE user_id = 7"
    " ORDER BY created_at DESC LIMIT 20",
    "idx_ai_response_cache_expires_at": "SELECT * FROM ai_response_cache WHERE expires_at < now() + interval '1 h'",
    "idx_edge_function_logs_created_at": "SELECT * FROM edge_function_logs WHERE created_at < now() - interval '13 d'",
    "idx_webhook_events_created_at": "SELECT * FROM stripe_webhook_events WHERE created_at < now() - interval '13 d'",
    "idx_messages_chat_created": "SELECT * FROM messages WHERE chat_id = 7 ORDER BY created_at DESC LIMIT 100",
}


def test_the_planner_uses_every_index(example: Database) -> None:
    # The old vector index is in the seed's way; how it is replaced, other tests show.
    example.run("DROP INDEX itinerary_embeddings_vector_idx")
    example.run(SEED)
    result = example.command("apply", "--config", str(EXAMPLE))
    assert result.code == 0, result.err
    example.run("INSERT INTO api_metrics (endpoint) SELECT '/' FROM generate_series(1, 20000) i; ANALYZE")
    # What the index of a partition belongs to is what the config calls it.
    parts = example.rows("SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits")
    for index, query in QUERIES.items():
        plan = "\n".join(line for (line,) in example.rows(f"EXPLAIN {query}"))
        assert any(name in plan for name in (index, *(part for part, whole in parts if whole == index))), plan
    now = "EXPLAIN SELECT * FROM api_metrics WHERE created_at = now()"
    assert "created_at_idx" in "\n".join(line for (line,) in example.rows(now))
    definition = example.value("SELECT pg_get_indexdef('itinerary_embeddings_vector_idx'::regclass)")
    assert "m='32'" in definition
    assert "ef_construction='128'" in definition
    assert example.value("SHOW hnsw.ef_search") == "100"


LARGE = """
    CREATE TABLE docs (id serial PRIMARY KEY, kind int, embedding vector(64));
    INSERT INTO docs (kind, embedding)
    SELECT i % 10, (SELECT array_agg(random()) FROM generate_series(1, 64) j WHERE j + i > 0)::vector
    FROM generate_series(1, 6000) i;
    CREATE INDEX docs_embedding ON docs USING hnsw (embedding vector_l2_ops) WITH (m = 4, ef_construction = 8);
    """


def config(path: Path) -> str:
    vector = {"name": "docs_embedding", "table": "docs", "column": "embedding", "operatorClass": "vector_l2_ops"}
    return str(
        written(path, indexes=[{"name": "docs_kind", "table": "docs", "columns": ["kind"]}], vectorIndexes=[vector])
    )


BUILDING = "SELECT pid FROM pg_stat_progress_create_index WHERE datname = current_database() AND phase LIKE 'building%'"
BUILDING += " AND index_relid::regclass::text = 'docs_embedding_next'"


def test_a_run_whose_backend_is_killed_in_a_build_is_completed_by_the_next(database: Database, tmp_path: Path) -> None:
    database.run(LARGE)
    with database.start("apply", "--config", config(tmp_path)) as process:
        until(lambda: database.rows(BUILDING))
        assert database.invalid() == ["docs_embedding_next"]
        database.run(BUILDING.replace("pid", "pg_terminate_backend(pid)", 1))
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Run again: it resumes" in err
    assert "Traceback" not in err
    again = database.command("apply", "--config", config(tmp_path))
    assert again.code == 0, again.err
    assert "left unfinished" in again.err
    assert database.invalid() == []
    found = database.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'docs' ORDER BY 1")
    assert found == [("docs_embedding",), ("docs_kind",), ("docs_pkey",)]


def test_a_killed_run_frees_the_lock_and_is_completed_by_the_next(database: Database, tmp_path: Path) -> None:
    database.run(LARGE.replace("6000", "10"))
    with database.connect(autocommit=False) as blocker:
        # A build waits for transactions that have written to its table.
        blocker.execute("INSERT INTO docs (kind) VALUES (1)")
        with database.start("apply", "--config", config(tmp_path)) as process:
            until(lambda: database.invalid() == ["docs_kind"])
            process.send_signal(signal.SIGKILL)
        # The server notices that nobody is there any more, without being told.
        until(lambda: not database.rows("SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'ascent%'"))
        assert database.invalid() == ["docs_kind"]
    again = database.command("apply", "--config", config(tmp_path))
    assert again.code == 0, again.err
    assert "left invalid by an interrupted build" in again.err
    assert database.invalid() == []


def test_an_invalid_index_of_the_same_name_is_built_again(database: Database, tmp_path: Path) -> None:
    database.run(LARGE.replace("6000", "10"))
    database.run("CREATE INDEX docs_kind ON docs (kind)")
    database.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'docs_kind'::regclass")
    result = database.command("apply", "--config", config(tmp_path))
    assert result.code == 0, result.err
    assert "left invalid by an interrupted build" in result.err
    assert database.invalid() == []


def test_a_changed_definition_is_refused_until_it_is_meant(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE docs (id int, kind int)")

    def path(*columns: str) -> str:
        return str(written(tmp_path, indexes=[{"name": "docs_kind", "table": "docs", "columns": list(columns)}]))

    assert database.command("apply", "--config", path("kind")).code == 0
    before = database.snapshot()
    refused = database.command("apply", "--config", path("kind", "id desc"))
    assert refused.code == 1
    assert "--replace index:docs_kind" in refused.err
    assert database.snapshot() == before
    meant = database.command("apply", "--config", path("kind", "id desc"), "--replace", "index:docs_kind")
    assert meant.code == 0, meant.err
    assert "(kind, id DESC)" in database.value("SELECT pg_get_indexdef('docs_kind'::regclass)")


def test_an_index_of_a_partitioned_table(database: Database, tmp_path: Path) -> None:
    database.run(
        "CREATE TABLE docs (id int, at date NOT NULL) PARTITION BY RANGE (at);"
        "CREATE TABLE docs_a PARTITION OF docs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
        "CREATE TABLE docs_b PARTITION OF docs FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');"
    )

    def path(*columns: str) -> str:
        return str(written(tmp_path, indexes=[{"name": "idx_docs", "table": "docs", "columns": list(columns)}]))

    planned = database.command("plan", "--config", path("id"), "--json").json["actions"]
    result = database.command("apply", "--config", path("id"), "--json")
    assert result.code == 0, result.err
    assert [one["sql"] for one in result.json["ran"]] == [one["sql"] for one in planned]
    assert database.invalid() == []
    database.run("CREATE TABLE docs_c PARTITION OF docs FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')")
    for columns in (("id", "at"), ("at", "id")):
        again = database.command("apply", "--config", path(*columns), "--replace", "index:idx_docs")
        assert again.code == 0, again.err
        assert database.invalid() == []
        found = database.rows("SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'docs%'")
        assert len(found) == 4
        assert all(f"({', '.join(columns)})" in one for (one,) in found)


def test_only_a_redundant_index_is_dropped(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE docs (a int, b int); CREATE INDEX narrow ON docs (a); CREATE INDEX wide ON docs (a, b)")
    refused = database.command("apply", "--config", str(written(tmp_path, dropIndexes=["wide"])))
    assert refused.code == 1
    assert "wide of docs is not redundant" in refused.err
    assert database.command("apply", "--config", str(written(tmp_path, dropIndexes=["narrow"]))).code == 0
    assert database.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'docs'") == [("wide",)]
