-- Keys, classes, fields and values are bytes: no encoding and no collation has a say in what is equal.
CREATE TABLE messiah_records (
    key      bytea PRIMARY KEY,
    revision bigint NOT NULL,
    class    bytea NOT NULL,
    entity   bytea NOT NULL,
    fields   bytea[] NOT NULL, -- of its index entries,
    finds    bytea[] NOT NULL, -- and their values
    value    bytea NOT NULL
) WITH (fillfactor = 80);

-- An entry without field stands for the class itself.
CREATE TABLE messiah_index (
    class bytea NOT NULL,
    field bytea NOT NULL,
    value bytea NOT NULL,
    key   bytea NOT NULL,
    PRIMARY KEY (class, field, value, key)
);
CREATE INDEX messiah_index_key ON messiah_index (key);

-- The highest revision that a deleted record had: those of new ones begin above.
CREATE TABLE messiah_floor (floor bigint NOT NULL);
INSERT INTO messiah_floor VALUES (0);

-- The entries of the index are written only when they are others than before: most saves change none.
CREATE FUNCTION messiah_put(
    p_key bytea, p_revision bigint, p_class bytea, p_entity bytea, p_fields bytea[], p_finds bytea[], p_value bytea,
    OUT done boolean, OUT stands bigint
) LANGUAGE plpgsql AS $$
DECLARE
    was record;
BEGIN
    SELECT r.revision, r.class, r.fields, r.finds INTO was FROM messiah_records AS r WHERE r.key = p_key FOR UPDATE;
    done := COALESCE(was.revision, 0) = p_revision;
    IF NOT done THEN
        stands := COALESCE(was.revision, 0);
        RETURN;
    END IF;
    IF was.revision IS NULL THEN
        INSERT INTO messiah_records AS r (key, revision, class, entity, fields, finds, value)
            SELECT p_key, floor + 1, p_class, p_entity, p_fields, p_finds, p_value FROM messiah_floor
            ON CONFLICT (key) DO NOTHING RETURNING r.revision INTO stands;
        IF stands IS NULL THEN -- another session has made it since
            SELECT false, r.revision INTO done, stands FROM messiah_records AS r WHERE r.key = p_key;
            RETURN;
        END IF;
    ELSE
        UPDATE messiah_records AS r
            SET revision = r.revision + 1, class = p_class, entity = p_entity, fields = p_fields, finds = p_finds, value = p_value
            WHERE r.key = p_key RETURNING r.revision INTO stands;
        IF was.class = p_class AND was.fields = p_fields AND was.finds = p_finds THEN
            RETURN;
        END IF;
        DELETE FROM messiah_index AS i WHERE i.key = p_key;
    END IF;
    IF p_class <> '' THEN
        INSERT INTO messiah_index (class, field, value, key)
            SELECT p_class, '', '', p_key UNION SELECT p_class, n.field, n.value, p_key FROM unnest(p_fields, p_finds) AS n (field, value);
    END IF;
END $$;

CREATE FUNCTION messiah_delete(p_key bytea, p_revision bigint, OUT done boolean, OUT stands bigint) LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM messiah_records AS r WHERE r.key = p_key AND r.revision = p_revision;
    IF FOUND THEN
        DELETE FROM messiah_index AS i WHERE i.key = p_key;
        UPDATE messiah_floor SET floor = GREATEST(floor, p_revision);
        done := true;
        stands := 0;
        RETURN;
    END IF;
    SELECT r.revision INTO stands FROM messiah_records AS r WHERE r.key = p_key;
    stands := COALESCE(stands, 0);
    done := stands = p_revision;
END $$;
