-- No row: from here on no file, no network, no variable of Python and no setting can be reached. The order
-- matters: each line would forbid the ones before it.
set timezone = 'UTC';

set enable_progress_bar = false;

set python_enable_replacements = false;

set temp_directory = '';

set allow_community_extensions = false;

set allow_persistent_secrets = false;

set enable_external_access = false;

set disabled_filesystems = 'LocalFileSystem';

set lock_configuration = true;
