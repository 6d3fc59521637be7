# Point reads, and a few writes, of a hybrid table in Snowflake:
#
#     bench apply specs/examples/snowflake-lookup.hcl --var connection=bench --var warehouse=BENCH_WH --var database=BENCH
#
# A run of half a minute keeps the warehouse running for that long, plus its setup and its auto_suspend.

variable "connection" {
  default     = "default"
  description = "Who signs in where: the name of a connection in ~/.snowflake/connections.toml"
}

variable "warehouse" {
  default = "BENCH_WH"
}

variable "database" {
  default = "BENCH"
}

variable "schema" {
  default = "PUBLIC"
}

variable "kind" {
  default     = "HYBRID" # row locks and an index, but not on every cloud and not in a trial account; "" is a standard table
  description = "Of the table: HYBRID, or nothing"
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

run "snowflake-lookup" {
  description = "SELECT and UPDATE by primary key, in a table of ${var.rows} rows"
  warmup      = var.warmup
  duration    = var.duration
  timeout     = "5s" # an abort goes to Snowflake

  target "snowflake" {
    connection = var.connection # or account, user and one of private_key_file, token, password = var.password
    warehouse  = var.warehouse
    database   = var.database
    schema     = var.schema
    # cached_results = true             # answers may come from the result cache

    session {
      params = { LOCK_TIMEOUT = "10" } # ALTER SESSION SET for every connection
      # init = ["USE SECONDARY ROLES NONE"]
    }
    # require { # else the run does not start
    #   size     = "XSMALL"
    #   clusters = 1
    # }
  }

  setup {
    sql = <<-SQL
      CREATE OR REPLACE ${var.kind} TABLE bench_lookup (id INTEGER NOT NULL PRIMARY KEY, value VARCHAR NOT NULL, hits INTEGER NOT NULL);
      INSERT INTO bench_lookup SELECT ROW_NUMBER() OVER (ORDER BY SEQ8()), RANDSTR(20, RANDOM()), 0 FROM TABLE(GENERATOR(ROWCOUNT => ${var.rows}));
    SQL
  }

  teardown {
    sql = "DROP TABLE IF EXISTS bench_lookup"
  }

  load "closed" {
    connections = var.connections
  }

  param "id" {
    zipf = { from = 1, to = var.rows, skew = 0.99 } # 1 is asked for most
  }

  workload "read" {
    weight = 95
    sql    = "SELECT value, hits FROM bench_lookup WHERE id = :id"
    expect = { rows = 1 }
  }

  workload "hit" {
    weight = 5
    sql    = "UPDATE bench_lookup SET hits = hits + 1 WHERE id = :id"
    expect = { rows = 1 }
    retry  = { attempts = 3, on = ["serialization"], backoff = "50ms" } # too many wait for the lock, or Snowflake is busy
  }

  slo "p95" {
    workload = "read"
    metric   = "response.p95"
    max      = "500ms"
    min_n    = 500
  }
  slo "errors" {
    metric = "errors.rate"
    max    = 0.01
    min_n  = 500
  }
  # slo "cost" {                         # the verdict then waits for samples of the warehouse
  #   metric = "cost"                    # steady credits for 1,000 operations
  #   max    = 0.01
  # }

  guard {
    max_credits = 1 # estimated from the size of the warehouse, since the run began
  }
}
