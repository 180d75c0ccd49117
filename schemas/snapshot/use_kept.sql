-- No row: what is named from here on is in the file.
use kept;

set timezone = 'UTC';

set enable_progress_bar = false;
