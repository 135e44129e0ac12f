-- Keys, classes, fields and values are bytes: no encoding and no collation has a say in what is equal.
CREATE TABLE messiah_records (
    key      bytea PRIMARY KEY,
    revision bigint NOT NULL,
    class    bytea NOT NULL,
    entity   bytea NOT NULL,
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

CREATE FUNCTION messiah_put(
    p_key bytea, p_revision bigint, p_class bytea, p_entity bytea, p_value bytea, p_fields bytea[], p_values bytea[],
    OUT done boolean, OUT stands bigint
) LANGUAGE plpgsql AS $$
BEGIN
    IF p_revision = 0 THEN
        INSERT INTO messiah_records AS r (key, revision, class, entity, value)
            SELECT p_key, floor + 1, p_class, p_entity, p_value FROM messiah_floor
            ON CONFLICT (key) DO NOTHING RETURNING r.revision INTO stands;
    ELSE
        UPDATE messiah_records AS r SET revision = r.revision + 1, class = p_class, entity = p_entity, value = p_value
            WHERE r.key = p_key AND r.revision = p_revision RETURNING r.revision INTO stands;
    END IF;
    done := stands IS NOT NULL;
    IF NOT done THEN
        SELECT r.revision INTO stands FROM messiah_records AS r WHERE r.key = p_key;
        stands := COALESCE(stands, 0);
        RETURN;
    END IF;
    DELETE FROM messiah_index AS i WHERE i.key = p_key AND NOT EXISTS (
        SELECT FROM unnest(p_fields, p_values) AS n (field, value)
            WHERE i.class = p_class AND i.field = n.field AND i.value = n.value);
    INSERT INTO messiah_index (class, field, value, key)
        SELECT p_class, n.field, n.value, p_key FROM unnest(p_fields, p_values) AS n (field, value)
        ON CONFLICT DO NOTHING;
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
