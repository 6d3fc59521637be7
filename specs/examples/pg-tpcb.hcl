# The TPC-B-like transaction of pgbench on its own tables, made and filled by the setup:
#
#     bench apply specs/examples/pg-tpcb.hcl --var dsn="host=localhost dbname=bench user=bench"
#
# What committed is one row in pgbench_history each, and the sums of delta and of the three balances agree.

variable "dsn" {
  description = "Where the database is: a connection string"
  sensitive   = true
}

variable "scale" {
  description = "Branches; each has 10 tellers and 100000 accounts"
  default     = 1
}

variable "connections" {
  default = 16
}

variable "workers" {
  default = 2
}

variable "warmup" {
  default = "5s"
}

variable "duration" {
  default = "30s"
}

run "pg-tpcb" {
  description = "pgbench's tables at scale ${var.scale}, ${var.connections} connections"
  labels      = { scale = var.scale }
  warmup      = var.warmup
  duration    = var.duration
  timeout     = "10s"

  target "postgres" {
    dsn = var.dsn
  }

  # It begins anew each time: tables of these names are dropped.
  setup {
    sql = <<-SQL
      DROP TABLE IF EXISTS pgbench_history, pgbench_tellers, pgbench_accounts, pgbench_branches;
      CREATE TABLE pgbench_branches (bid int NOT NULL, bbalance int, filler char(88)) WITH (fillfactor = 100);
      CREATE TABLE pgbench_tellers (tid int NOT NULL, bid int, tbalance int, filler char(84)) WITH (fillfactor = 100);
      CREATE TABLE pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor = 100);
      CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
      INSERT INTO pgbench_branches (bid, bbalance) SELECT b, 0 FROM generate_series(1, ${var.scale}) AS b;
      INSERT INTO pgbench_tellers (tid, bid, tbalance) SELECT t, (t - 1) / 10 + 1, 0 FROM generate_series(1, 10 * ${var.scale}) AS t;
      INSERT INTO pgbench_accounts (aid, bid, abalance, filler) SELECT a, (a - 1) / 100000 + 1, 0, '' FROM generate_series(1, 100000 * ${var.scale}) AS a;
      ALTER TABLE pgbench_branches ADD PRIMARY KEY (bid);
      ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid);
      ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid);
      ANALYZE pgbench_branches, pgbench_tellers, pgbench_accounts;
    SQL
  }

  fleet "process" {
    workers = var.workers # processes; the connections are shared out among them
  }

  load "closed" {
    connections = var.connections
  }

  param "aid" {
    uniform = { from = 1, to = 100000 * var.scale }
  }
  param "tid" {
    uniform = { from = 1, to = 10 * var.scale }
  }
  param "bid" {
    uniform = { from = 1, to = var.scale }
  }
  param "delta" {
    uniform = { from = -5000, to = 5000 }
  }

  workload "tpcb" {
    transaction = true
    isolation   = "read committed"
    retry       = { attempts = 10, on = ["serialization"], backoff = "5ms" } # serialization failures and deadlocks

    statement {
      sql    = "UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid"
      expect = { rows = 1 }
    }
    statement {
      sql    = "SELECT abalance FROM pgbench_accounts WHERE aid = :aid"
      expect = { rows = 1 }
    }
    statement {
      sql    = "UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid"
      expect = { rows = 1 }
    }
    statement {
      sql    = "UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid"
      expect = { rows = 1 }
    }
    statement {
      sql    = "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP)"
      expect = { rows = 1 }
    }
  }

  slo "p95" {
    workload = "tpcb"
    metric   = "response.p95"
    max      = "1s"
    min_n    = 100
  }
  slo "errors" {
    metric = "errors.rate"
    max    = 0.001
    min_n  = 100
  }

  guard {
    max_error_rate = 0.2
  }
}
