# The run of bench selftest snowflake: reads and changes by key on a small table in a schema of its own.

variable "connection" {}
variable "warehouse" {}
variable "database" {}
variable "schema" {}
variable "duration" {}

run "selftest" {
  duration = var.duration
  timeout  = "10s"
  ready    = "30s"
  drain    = "10s"

  target "snowflake" {
    connection = var.connection
    warehouse  = var.warehouse
    database   = var.database
    schema     = var.schema
  }

  load "closed" { connections = 4 }

  param "id" {
    uniform = { from = 1, to = 1000 }
  }

  workload "read" {
    weight = 95
    sql    = "SELECT value FROM bench_selftest WHERE id = :id"
    expect = { rows = 1 }
  }
  workload "change" {
    weight = 5
    sql    = "UPDATE bench_selftest SET value = value + 1 WHERE id = :id"
    expect = { rows = 1 }
    retry  = { attempts = 3, on = ["serialization"], backoff = "100ms" }
  }

  guard {
    max_duration = "3m"
    max_credits  = 0.15
  }
}
