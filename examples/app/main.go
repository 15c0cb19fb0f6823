// Command app is a small web application whose people are kept by idem. They sign up, verify an address, sign in with a
// password, an authenticator app, a passkey or an account at Google, recover a forgotten password, change their address,
// and sign out everywhere. Pages are rendered on the server; mail goes to the log.
//
// Start reading at app.go and session.go. Each other file is about one subject.
//
//	go -C examples/app run .                                    a new database at every start, a free port
//	go -C examples/app run . -database app.db -key app.key      a database that stays
package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/idemkit/idem/signin"
)

func main() {
	address := flag.String("address", "localhost:0", "the address to serve on; port 0 means a free one")
	base := flag.String("base-url", "", "the URL that browsers see, such as https://app.example.com; by default http://localhost and the port")
	database := flag.String("database", "", "the SQLite file; by default one that is deleted at the end")
	keyFile := flag.String("key", "", "the file of the key of signed-in people and codes, made if it is not there; needed with -database, and kept apart from it")
	client := flag.String("google-client-id", "", "the client id at Google; its secret is read from GOOGLE_CLIENT_SECRET")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c := config{baseURL: strings.TrimSuffix(*base, "/"), mailer: logMailer{}, logger: slog.Default()}
	if *client != "" {
		c.google = &provider{issuer: "https://accounts.google.com", clientID: *client, clientSecret: os.Getenv("GOOGLE_CLIENT_SECRET")}
	}
	ready := func(url string) { fmt.Printf("The application is at %s\n", url) }
	if err := run(ctx, c, *address, *database, *keyFile, ready); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx ends. It calls ready when it answers.
func run(ctx context.Context, c config, address, database, keyFile string, ready func(url string)) error {
	var err error
	switch {
	case database == "":
		folder, err := os.MkdirTemp("", "idem-app")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		database, c.key = filepath.Join(folder, "app.db"), randomKey()
	case keyFile == "":
		return errors.New("-database needs -key: with another key nobody's sign-in or code is valid any more")
	default:
		if c.key, err = readKey(keyFile); err != nil {
			return err
		}
	}
	if c.db, err = openDatabase(database); err != nil {
		return err
	}
	defer c.db.Close()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	if c.baseURL == "" {
		c.baseURL = fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	}
	a, err := newApp(ctx, c)
	if err != nil {
		return err
	}
	defer a.close()
	server := &http.Server{
		Handler: a.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
	}
	ended := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = server.Shutdown(context.Background()) // waits for requests, whose time is limited
	})()
	ready(c.baseURL)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-ended
	return nil
}

// openDatabase opens the application's own database, in which idem keeps its tables too. With these settings a commit is
// on the disk when it is answered, and a transaction that writes waits for others instead of failing.
func openDatabase(path string) (*sql.DB, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // its owner alone may read it; SQLite would let others
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	settings := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "foreign_keys(1)"}, "_txlock": {"immediate"}}
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}
	return sql.Open("sqlite", name.String())
}

// randomKey returns a key for package signin.
func randomKey() []byte {
	key := make([]byte, signin.KeyBytes)
	_, _ = rand.Read(key) // never fails
	return key
}

// readKey reads the key of a file, or makes one that its owner alone can read.
func readKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = randomKey()
		err = os.WriteFile(path, key, 0o600)
	}
	return key, err
}
