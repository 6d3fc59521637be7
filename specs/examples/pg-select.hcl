# Point reads from a Postgres database, by primary key:
#
#     BENCH_VAR_dsn="host=localhost dbname=bench user=bench" bench apply specs/examples/pg-select.hcl

variable "dsn" {
  description = "Where the database is: a connection string"
  sensitive   = true # no message, table or log ever shows it
}

variable "rows" {
  default = 100000
}

variable "connections" {
  default = 16
}

variable "warmup" {
  default = "5s"
}

variable "duration" {
  default = "30s"
}

# Where the time went inside of the server is told after the run if it counts: shared_preload_libraries = 'pg_stat_statements'
# and, in the database, CREATE EXTENSION pg_stat_statements.
run "pg-select" {
  description = "SELECT by primary key, from a table of ${var.rows} rows"
  warmup      = var.warmup
  duration    = var.duration
  timeout     = "2s" # cancels the statement on the server

  target "postgres" {
    dsn = var.dsn # or host, port, user, database, sslmode and password = var.password

    session {
      params = { jit = "off" } # SET for every connection
      # init = ["SET search_path TO shop"]   # statements that every connection runs first
    }
  }

  setup {
    sql = <<-SQL
      DROP TABLE IF EXISTS bench_select;
      CREATE TABLE bench_select (id bigint PRIMARY KEY, value text NOT NULL);
      INSERT INTO bench_select SELECT i, md5(i::text) FROM generate_series(1, ${var.rows}) AS i;
      ANALYZE bench_select;
    SQL
  }

  teardown {
    sql = "DROP TABLE IF EXISTS bench_select"
  }

  load "closed" {
    connections = var.connections
  }

  param "id" {
    zipf = { from = 1, to = var.rows, skew = 0.99 } # 1 is asked for most
  }

  workload "read" {
    sql    = "SELECT value FROM bench_select WHERE id = :id"
    expect = { rows = 1 }
  }

  slo "p99" {
    workload = "read"
    metric   = "response.p99"
    max      = "50ms"
    min_n    = 1000
  }
  slo "throughput" {
    metric = "throughput.ok" # operations per second
    min    = 100
    min_n  = 1000
  }
}
