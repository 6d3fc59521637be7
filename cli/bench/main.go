package main

import (
	"os"
	"os/signal"
	"syscall"

	"bench/cli"
)

func main() {
	signals := make(chan os.Signal, 4) // the third press still counts while the first is being carried out
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	os.Exit(cli.Main(os.Args[1:], cli.Process{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.LookupEnv, Signals: signals,
	}))
}
