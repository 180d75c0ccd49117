-- No row: names without a schema are those of `feed`.
use feed;
