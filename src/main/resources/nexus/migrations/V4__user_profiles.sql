-- What is told of a user when he is provisioned; null for those who came with a key only.
ALTER TABLE tenant_user
    ADD COLUMN email        text COLLATE "C",
    ADD COLUMN display_name text COLLATE "C";
