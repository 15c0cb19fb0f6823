package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
)

// mail is a mail to one person.
type mail struct{ to, subject, text string }

// mailer sends mail. An application has one for its mail server.
type mailer interface {
	send(ctx context.Context, m mail) error
}

// logMailer writes mail to the log, codes included. It is for the developer's own machine.
type logMailer struct{}

func (logMailer) send(ctx context.Context, m mail) error {
	slog.InfoContext(ctx, "mail", "to", m.to, "subject", m.subject, "text", m.text)
	return nil
}

// outbox sends mail in a goroutine of its own. If a request waited for the mail server, its duration would reveal which
// addresses have accounts.
type outbox struct {
	mailer  mailer
	logger  *slog.Logger
	waiting chan mail
	running sync.WaitGroup
}

func newOutbox(m mailer, logger *slog.Logger) *outbox {
	o := &outbox{mailer: m, logger: logger, waiting: make(chan mail, 1000)}
	o.running.Go(func() {
		for m := range o.waiting {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			if err := o.mailer.send(ctx, m); err != nil {
				o.logger.Error("a mail was not sent", "subject", m.subject, "error", err)
			}
			cancel()
		}
	})
	return o
}

// put queues a mail and does not wait. If the queue is full the mail is dropped, and the person must ask for another. An
// application that must not lose mail keeps the queue in its database.
func (o *outbox) put(m mail) {
	select {
	case o.waiting <- m:
	default:
		o.logger.Error("a mail was not sent: too many are waiting", "subject", m.subject)
	}
}

// close sends what is waiting.
func (o *outbox) close() {
	close(o.waiting)
	o.running.Wait()
}

// mailCode sends a code to the address that idem stores, never to the one that was typed. Send is false for an address
// without an account.
func (a *app) mailCode(code signin.Code, subject, use string) {
	if code.Send {
		a.outbox.put(mail{code.To, subject, code.Code + " is the code to " + use + " at " + applicationName +
			". It is valid for 15 minutes. Type it only on the page where you asked for it. If you did not ask, ignore this mail."})
	}
}

// notify tells the owner of an account what was changed.
func (a *app) notify(addresses []signin.Address, what string) {
	for _, address := range addresses {
		if address.Via == identity.ViaEmail {
			a.outbox.put(mail{address.Value, "Your account was changed", what + " If that was not you, ask for a new password at " + a.baseURL + "/recover."})
		}
	}
}
