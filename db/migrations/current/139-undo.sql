drop table if exists wizard_session_event_bases cascade;
