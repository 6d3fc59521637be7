# A load test of a small shop on a SQLite file that this spec makes, fills and removes by itself:
#
#     go run ./cli/bench apply specs/examples/quickstart.hcl
#
# It needs nothing but Go. Everything that a spec can say is in README.md of the folder above.

variable "connections" {
  description = "How many connections work at once"
  default     = 8 # bench apply --var connections=16, or BENCH_VAR_connections=16
}

variable "warmup" {
  default = "3s"
}

variable "duration" {
  default = "8s"
}

locals {
  customers = 2000
  products  = 500
  orders    = 5000
}

run "quickstart" {
  description = "A small shop: point lookups, range scans and order transactions"
  labels      = { example = "quickstart" } # free text, to find the run again

  warmup   = var.warmup   # runs like the measurement, and counts for nothing; "0s" is none
  duration = var.duration # the measurement; or iterations = 10000
  drain    = "10s"        # what is in flight at the end may take this long
  timeout  = "5s"         # of every statement

  target "sqlite" {
    temporary = true # a file that is removed at the end; path = "shop.db" keeps one
  }

  # Runs once, before any worker starts. A list of texts works as well, and file("setup.sql").
  setup {
    sql = <<-SQL
      DROP TABLE IF EXISTS order_lines;
      DROP TABLE IF EXISTS orders;
      DROP TABLE IF EXISTS products;
      DROP TABLE IF EXISTS customers;

      CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);
      CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL, stock INTEGER NOT NULL);
      CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, day INTEGER NOT NULL, total INTEGER NOT NULL);
      CREATE TABLE order_lines (order_id INTEGER NOT NULL, product INTEGER NOT NULL, quantity INTEGER NOT NULL, price INTEGER NOT NULL);
      CREATE INDEX orders_by_day ON orders (day);
      CREATE INDEX orders_by_customer ON orders (customer);

      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${local.customers})
      INSERT INTO customers SELECT i, 'customer ' || i, 'city ' || (i % 50) FROM n;

      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${local.products})
      INSERT INTO products SELECT i, 'product ' || i, 100 + i * 7 % 900, 1000000 FROM n;

      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${local.orders})
      INSERT INTO orders SELECT i, 1 + i * 13 % ${local.customers}, i % 365, 500 + i * 31 % 5000 FROM n;
    SQL
  }

  fleet "local" {
    workers = 1 # in the process of the server; fleet "process" starts processes of their own
  }

  # Each connection sends an operation, waits for its end, and sends the next.
  load "closed" {
    connections = var.connections
    ramp        = "1s"                                   # they start one after the other, over this long
    think       = { dist = "exponential", mean = "2ms" } # between two operations of a connection
  }

  # Values for the statements below. The same seed gives the same values, on any number of workers.
  param "customer" {
    uniform = { from = 1, to = local.customers }
  }
  param "product" {
    zipf = { from = 1, to = local.products, skew = 0.9 } # a few products sell most
  }
  param "day" {
    uniform = { from = 0, to = 350 }
  }
  param "quantity" {
    choice = { values = [1, 2, 5], weights = [70, 25, 5] }
  }
  param "order" {
    pool = "SELECT id, customer FROM orders WHERE id <= 1000" # rows, read once; :order.id and :order.customer belong together
  }

  workload "lookup" {
    weight = 70
    sql    = "SELECT id, day, total FROM orders WHERE id = :order.id AND customer = :order.customer"
    expect = { rows = 1 } # anything else is an error of class expectation
  }

  workload "range" {
    weight = 20
    sql    = "SELECT id, customer, total FROM orders WHERE day BETWEEN :day AND :day + 7 ORDER BY day LIMIT 200"
    expect = { min_rows = 1 }
  }

  workload "order" {
    weight      = 10
    transaction = true
    isolation   = "immediate" # as the target names it

    # Only whole transactions are tried again, from their first statement.
    retry = { attempts = 5, on = ["serialization"], backoff = "5ms" }

    statement "chosen" {
      sql    = "SELECT id, price FROM products WHERE id = :product"
      fetch  = "first_row"
      expect = { rows = 1 }
    }
    statement {
      sql    = "UPDATE products SET stock = stock - :quantity WHERE id = :chosen.id"
      expect = { rows = 1 }
    }
    statement "placed" {
      sql = "INSERT INTO orders (customer, day, total) VALUES (:customer, 364, :chosen.price * :quantity) RETURNING id"
    }
    statement {
      sql = "INSERT INTO order_lines VALUES (:placed.id, :chosen.id, :quantity, :chosen.price)"
    }
  }

  # The verdict. Without enough operations (min_n) it is undetermined, never passed.
  slo "lookup-p95" {
    workload = "lookup"
    metric   = "response.p95"
    max      = "1s"
    min_n    = 100
  }
  slo "each-p99" {
    workload = "*" # each workload by itself
    metric   = "response.p99"
    max      = "3s"
    min_n    = 10
  }
  slo "errors" { # no workload: all together
    metric = "errors.rate"
    max    = 0.01
    min_n  = 100
  }

  guard {
    max_error_rate = 0.5 # over the last 10 s; the run ends early when it is exceeded
    max_duration   = "5m"
  }
}
