drop table if exists app_private.thinning;
drop function if exists public.export_my_data_page(text, boolean);
drop type if exists public.my_data_page;
