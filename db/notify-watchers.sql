-- Run by graphile-migrate after the current migration: PostGraphile in watch mode listens to this channel.
notify postgraphile_watch, '{"type": "ddl", "payload": [{"schema": "public", "command": "graphile-migrate"}]}';
