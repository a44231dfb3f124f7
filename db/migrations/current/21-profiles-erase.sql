-- Erase any amount of data in batches.
drop function if exists app_private.count_personal_rows(uuid);
drop function if exists app_private.count_personal_rows(uuid, uuid[]);
drop function if exists public.erase_me(uuid);
drop function if exists public.erase_me(uuid, integer);
--!include profiles/count_personal_rows.sql
--!include profiles/erase_me.sql
