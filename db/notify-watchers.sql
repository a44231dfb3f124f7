-- graphile-migrate runs this after the current migration. PostGraphile listens to this channel in watch mode.
notify postgraphile_watch, '{"type": "ddl", "payload": [{"schema": "public", "command": "graphile-migrate"}]}';
