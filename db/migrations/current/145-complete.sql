drop function if exists public.complete_wizard_session(uuid, integer, jsonb, integer, boolean);
--!include saving/complete_wizard_session.sql
