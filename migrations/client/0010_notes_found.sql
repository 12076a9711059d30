-- Clients are found by their notes, too. `fold` is the program's own: a text as it is compared.

UPDATE client_texts SET text = text || char(10) || fold(
        (SELECT note FROM clients WHERE clients.row = client_texts.row))
    WHERE row IN (SELECT row FROM clients WHERE note <> '' AND deleted_at IS NULL);
