package cli

import (
	"context"
	"fmt"
	"syscall"

	"bench/runtime/bench"
)

// serveCommand is a server that outlives the commands that use it.
type serveCommand struct {
	silenceFlags
	Listen      string   `help:"Address to listen on. Others than this machine are only served with TLS or behind a proxy." default:"127.0.0.1:7433" placeholder:"HOST:PORT"`
	Hosts       []string `name:"host" help:"A name under which the server is reached, besides its address; may be repeated." placeholder:"NAME"`
	TLSCert     string   `name:"tls-cert" help:"File with the certificate for TLS." placeholder:"FILE"`
	TLSKey      string   `name:"tls-key" help:"File with the certificate's key." placeholder:"FILE"`
	BehindProxy bool     `help:"A proxy in front of the server speaks TLS."`
}

// Run implements bench serve. The first signal ends runs in order, the second leaves; when only the store is waited for, the
// second leaves that to the next server. A closed terminal ends nothing.
func (c *serveCommand) Run(p *program) error {
	how := hosting{listen: c.Listen, behindProxy: c.BehindProxy, hosts: c.Hosts, silence: c.silenceFlags, tell: p.talk}
	var err error
	if how.tls, err = certificate(c.TLSCert, c.TLSKey); err != nil {
		return err
	}
	h, err := p.host(context.Background(), how)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.Stdout, h.url)
	p.talk("dashboard %s", h.link)
	p.talk("serving %s; other commands find this server by %s", p.Journal, p.serverFile())
	if h.feeding != nil {
		p.talk("feeding %s", h.feeding.store)
	}
	for asked, skipped := false, false; ; {
		select {
		case <-h.done:
			p.missing(h.missing)
			return h.err
		case s := <-p.Signals:
			switch {
			case s == syscall.SIGHUP:
				p.talk("the terminal is gone; the server goes on")
			case asked && !skipped && h.engine.Active() == 0: // what it waits for is the store
				skipped = true
				h.feeding.leave()
			case asked:
				return &outcome{bench.ExitSignal, "left without waiting for runs to end"}
			default:
				asked = true
				p.talk("%v: ending %s; once more leaves without waiting", s, plural(int64(h.engine.Active()), "run"))
				h.stop()
			}
		}
	}
}
