# Every file of a folder is a query, and a table says how often each comes:
#
#     bench apply specs/examples/query-directory.hcl
#
# It runs anywhere: its database is a temporary SQLite file.

variable "warmup" {
  default = "2s"
}

variable "duration" {
  default = "10s"
}

run "query-directory" {
  description = "The queries of queries/, mixed as queries/mix.csv says"
  warmup      = var.warmup
  duration    = var.duration

  target "sqlite" {
    temporary = true
  }

  setup {
    sql = file("queries/setup/sales.sql") # files are looked for beneath the folder of the spec
  }

  load "closed" {
    connections = 4
  }

  param "region" {
    choice = ["north", "south", "east", "west"]
  }
  param "day" {
    uniform = { from = 0, to = 330 }
  }

  workload "report" {
    for_each = fileset("queries/*.sql")           # workloads report/by_day, report/by_region, report/top_items
    weights  = csvdecode(file("queries/mix.csv")) # columns file and weight; 0 leaves a file out; or { by_day = 6, … }
    pick     = "deck"                             # every query as often as its weight in each shuffled round; or "random"
    expect   = { min_rows = 1 }
  }

  slo "p95" {
    workload = "report" # each of its files by itself
    metric   = "service.p95"
    max      = "1s"
    min_n    = 20
  }
}
