-- PostgreSQL 15 gives nobody `create` in public, older upgrades do: state it either way.
revoke create on schema public from public;
grant usage on schema public to anon, authenticated, service_role;

drop table if exists profiles cascade;
create table profiles (
  id           uuid primary key,
  display_name text,
  created_at   timestamptz not null default now(),
  constraint profiles_display_name_check check (char_length(display_name) between 1 and 100)
);

alter table profiles enable row level security;
create policy profiles_policy on profiles for all to authenticated
  using (id = (select auth.uid())) with check (id = (select auth.uid()));

revoke all on profiles from public, anon, authenticated, service_role;
-- No insert for users: the profile is made with the first row that they own. No delete: it would take every
-- session along without a word.
grant select, update (display_name) on profiles to authenticated;
grant select, insert (id, display_name), update (display_name), delete on profiles to service_role;

comment on table profiles is
  E'@behavior -insert -delete\nA person who creates events. Made by the database with the first session or event that the person owns.';
comment on column profiles.id is 'The user''s id, as in the token''s claim `sub`.';
comment on column profiles.display_name is 'The name to show, 1 to 100 characters, or null.';
comment on column profiles.created_at is 'When the profile was made.';
comment on constraint profiles_display_name_check on profiles is 'A display name has 1 to 100 characters.';
