package snowflake_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bench/runtime/bench"
	"bench/sql/target/snowflake"
	"bench/sql/target/snowflake/snowtest"
)

// canary is in every secret of these tests, and must be in nothing else.
const canary = "canary"

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// everyWay are ways to sign in: options, secrets, and lines of connections.toml for the connection way.
var everyWay = map[string]struct {
	options, secrets map[string]string
	toml             string
	want             snowtest.Login // Token "jwt" is a signed one
}{
	"password": {
		map[string]string{"account": "acme", "user": "u"}, map[string]string{"password": "canary-password"}, "",
		snowtest.Login{Account: "acme", User: "u", Password: "canary-password"},
	},
	"programmatic access token": {
		map[string]string{"account": "acme", "user": "u"}, map[string]string{"token": "canary-token"}, "",
		snowtest.Login{Account: "acme", User: "u", Authenticator: "PROGRAMMATIC_ACCESS_TOKEN", Token: "canary-token"},
	},
	"OAuth": {
		map[string]string{"account": "acme", "authenticator": "oauth"}, map[string]string{"token": "canary-token"}, "",
		snowtest.Login{Account: "acme", Authenticator: "OAUTH", Token: "canary-token"},
	},
	"key": {
		map[string]string{"account": "acme", "user": "u", "private_key_file": "../../account/testdata/key.pem"}, nil, "",
		snowtest.Login{Account: "acme", Authenticator: "SNOWFLAKE_JWT", Token: "jwt"},
	},
	"key in the environment": {
		map[string]string{"account": "acme", "user": "u"}, map[string]string{"private_key": "file:../../account/testdata/key_pkcs1.pem"}, "",
		snowtest.Login{Account: "acme", Authenticator: "SNOWFLAKE_JWT", Token: "jwt"},
	},
	"encrypted key": {
		map[string]string{"account": "acme", "user": "u", "private_key_file": "../../account/testdata/key_aes-256-cbc.pem"}, map[string]string{"private_key_passphrase": "canary-passphrase"}, "",
		snowtest.Login{Account: "acme", Authenticator: "SNOWFLAKE_JWT", Token: "jwt"},
	},
	"connection with a password": {
		nil, nil, `account = "acme"
user = "u"
password = "canary-password"
Warehouse = "WH"
ROLE = "R"
database = "D"
schema = "S"
query_tag = "x"
client_session_keep_alive = true`,
		snowtest.Login{Account: "acme", User: "u", Password: "canary-password", Warehouse: "WH", Role: "R", Database: "D", Schema: "S"},
	},
	"connection with a key": {
		map[string]string{"warehouse": "OTHER"}, nil, `account = "acme"
username = "u"
authenticator = "SNOWFLAKE_JWT"
warehouse = "WH"
private_key_path = "../../account/testdata/key_des3.pem"
private_key_passphrase = "canary-passphrase"`,
		snowtest.Login{Account: "acme", Authenticator: "SNOWFLAKE_JWT", Token: "jwt", Warehouse: "OTHER"},
	},
	"connection with a token": {
		nil, nil, `account = "acme"
user = "u"
authenticator = "PROGRAMMATIC_ACCESS_TOKEN"
token = "canary-token"`,
		snowtest.Login{Account: "acme", User: "u", Authenticator: "PROGRAMMATIC_ACCESS_TOKEN", Token: "canary-token"},
	},
}

func TestSignIn(t *testing.T) {
	for name, way := range everyWay {
		t.Run(name, func(t *testing.T) {
			s := snowtest.Start(t)
			d := signingIn(t, s, way.options, way.secrets, way.toml)
			target := open(t, d)
			var shown strings.Builder
			facts, err := target.Facts(t.Context())
			fmt.Fprint(&shown, facts, err)
			login := s.Logins()[0]
			for name, v := range login.Parameters {
				fmt.Fprintln(&shown, name, v)
			}
			if way.want.Token == "jwt" {
				verify(t, login.Token)
				login.Token = "jwt"
			}
			login.Parameters = nil
			if diff := cmp.Diff(way.want, login); diff != "" {
				t.Error(diff)
			}
			for _, f := range facts {
				if f.Name == "connection_keys_ignored" && f.Value != "client_session_keep_alive, query_tag" {
					t.Errorf("ignored: %s", f.Value)
				}
			}

			s.Refuse(func(snowtest.Login) *snowtest.Answer {
				return new(snowtest.Error(390144, "08001", "JWT token is invalid."))
			})
			_, err = target.Open(t.Context(), 0, nil)
			fmt.Fprint(&shown, err)
			s.Refuse(func(snowtest.Login) *snowtest.Answer { return &snowtest.Answer{Status: 403} })
			_, err = target.Open(t.Context(), 0, nil)
			fmt.Fprint(&shown, err)
			d.Options["url"] = "http://127.0.0.1:1"
			_, err = snowflake.Open(t.Context(), d, fileSecret, 1, "")
			fmt.Fprint(&shown, err)
			if err == nil || strings.Contains(shown.String(), canary) {
				t.Errorf("the secret is shown, or there is no error: %s", shown.String())
			}
		})
	}
}

// fileSecret takes the reference for the value, or for the name of a file with it.
func fileSecret(s bench.Secret) (string, error) {
	if file, ok := strings.CutPrefix(string(s), "file:"); ok {
		b, err := os.ReadFile(file)
		return string(b), err
	}
	return string(s), nil
}

// signingIn is a target on the stand-in, with a connection if there is a text for it.
func signingIn(t *testing.T, s *snowtest.Server, options, secrets map[string]string, toml string) bench.Target {
	d := account(s)
	d.Options, d.Secrets = map[string]string{"url": d.Options["url"]}, map[string]bench.Secret{}
	maps.Copy(d.Options, options)
	for name, v := range secrets {
		v, err := fileSecret(bench.Secret(v))
		if err != nil {
			t.Fatal(err)
		}
		d.Secrets[name] = bench.Secret(v)
	}
	if toml != "" {
		home := t.TempDir()
		t.Setenv("SNOWFLAKE_HOME", home)
		write(t, filepath.Join(home, "connections.toml"), "[other]\n[bench]\n"+toml+"\n", 0o600)
		d.Options["connection"] = "bench"
	}
	return d
}

// verify checks that a token is signed with the key of testdata.
func verify(t *testing.T, token string) {
	t.Helper()
	b, err := os.ReadFile("../../account/testdata/key.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[at+1:])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(token[:max(at, 0)]))
	if err := rsa.VerifyPKCS1v15(&key.(*rsa.PrivateKey).PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		t.Error(err)
	}
}

// A service of Snowpark Container Services signs in with its token file, which is read anew at every login.
func TestSignInInsideOfAContainer(t *testing.T) {
	s := snowtest.Start(t)
	file := filepath.Join(t.TempDir(), "token")
	t.Setenv("SNOWFLAKE_ACCOUNT", "acme")
	t.Setenv("SNOWFLAKE_HOST", "never.invalid")
	d := account(s)
	d.Options, d.Secrets = map[string]string{"url": d.Options["url"], "token_file": file}, nil
	write(t, file, "canary-1", 0o600)
	target := open(t, d)
	write(t, file, "canary-2", 0o600)
	connect(t, target).Close()
	for i, login := range s.Logins() {
		if want := fmt.Sprintf("canary-%d", i+1); login.Token != want || login.Authenticator != "OAUTH" || login.Account != "acme" {
			t.Errorf("login %d: %+v", i, login)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	_, err := target.Open(t.Context(), 0, nil)
	if e := opError(t, err); !strings.Contains(e.Message, "token") || strings.Contains(e.Message, canary) {
		t.Errorf("without a token: %v", e)
	}

	delete(d.Options, "token_file") // it is where Snowflake puts it
	delete(d.Options, "url")
	_, err = snowflake.Open(t.Context(), d, secret, 1, "")
	if err == nil || !strings.Contains(err.Error(), "read the token: stat /snowflake/session/token") {
		t.Errorf("outside of a container: %v", err)
	}
}

func TestSignInErrors(t *testing.T) {
	home := t.TempDir()
	t.Setenv("SNOWFLAKE_HOME", home)
	t.Setenv("SNOWFLAKE_ACCOUNT", "")
	connections := filepath.Join(home, "connections.toml")
	acme := func(pairs ...string) map[string]string {
		all := map[string]string{"account": "acme", "user": "u"}
		for i := 0; i < len(pairs); i += 2 {
			all[pairs[i]] = pairs[i+1]
		}
		return all
	}
	for _, test := range []struct {
		toml    string
		mode    os.FileMode
		options map[string]string
		secrets map[string]bench.Secret
		want    string
	}{
		{"", 0, nil, nil, `it has neither connection nor account: write connection = "NAME"`},
		{"", 0, map[string]string{"connection": "bench"}, nil, `there is no connection "bench" in ` + connections + ", " + filepath.Join(home, "config.toml")},
		{"[a]", 0o600, map[string]string{"connection": "bench"}, nil, `there is no connection "bench"`},
		{"[bench]\npassword = canary", 0o600, map[string]string{"connection": "bench"}, nil, "line 2 is no TOML"},
		{"[bench]\naccount = 'a'", 0o622, map[string]string{"connection": "bench"}, nil, "others may write to it"},
		{"[bench]\naccount = 'a'\nauthenticator = 'externalbrowser'", 0o600, map[string]string{"connection": "bench"}, nil, `authenticator "externalbrowser" needs a person`},
		{"[bench]\naccount = 'a'\nuser = 'u'\npassword = 'canary'\nport = 'canary'", 0o600, map[string]string{"connection": "bench"}, nil, "port must be a whole number"},
		{"", 0, acme(), nil, "there is no password to sign in with"},
		{"", 0, map[string]string{"account": "a"}, map[string]bench.Secret{"password": "canary"}, "there is no user"},
		{"", 0, acme("account", "acme eu/west"), map[string]bench.Secret{"password": "canary"}, "account must be one word"},
		{"", 0, acme("authenticator", "oauth"), nil, "there is no token to sign in with (authenticator oauth)"},
		{"", 0, acme("token_file", "x"), map[string]bench.Secret{"token": "canary"}, "both token and token_file"},
		{"", 0, acme("token_file", "/never/there"), nil, "read the token: stat /never/there"},
		{"", 0, acme("private_key_file", "testdata/absent.pem"), nil, "read the private key: open testdata/absent.pem"},
		{"", 0, acme(), map[string]bench.Secret{"private_key": "canary"}, "the private key is no PEM text"},
		{"", 0, acme("private_key_file", "../../account/testdata/key_des3.pem"), nil, "needs a private_key_passphrase"},
		{"", 0, acme("private_key_file", "../../account/testdata/key_des3.pem"), map[string]bench.Secret{"private_key_passphrase": "canary"}, "the passphrase is wrong"},
		{"", 0, acme("private_key_file", "../../account/testdata/key_aes-256-cbc.pem"), map[string]bench.Secret{"private_key_passphrase": "canary"}, "passphrase is wrong"},
	} {
		os.Remove(connections)
		if test.toml != "" {
			write(t, connections, test.toml, test.mode)
			if err := os.Chmod(connections, test.mode); err != nil {
				t.Fatal(err)
			}
		}
		_, err := snowflake.Open(t.Context(), bench.Target{Kind: "snowflake", Options: test.options, Secrets: test.secrets}, secret, 1, "")
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s %v %v: got %v, want %q in it", test.toml, test.options, test.secrets, err, test.want)
		}
	}
}

// config.toml has connections too, in a table of their own.
func TestConnectionOfConfigTOML(t *testing.T) {
	s := snowtest.Start(t)
	host, port := s.Address()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("SNOWFLAKE_HOME", "")
	folder := filepath.Join(home, ".config", "snowflake")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "config.toml"), fmt.Sprintf("[connections.bench]\naccount = 'acme'\nuser = 'u'\npassword = 'p'\nprotocol = 'http'\nhost = '%s'\nport = %d\n", host, port), 0o600)
	open(t, bench.Target{Kind: "snowflake", Options: map[string]string{"connection": "bench"}})
	if login := s.Logins()[0]; login.Account != "acme" {
		t.Errorf("signed in as %+v", login)
	}
}
