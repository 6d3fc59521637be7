package snowflake

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"bench/runtime/bench"
	"bench/sql/target"
)

// signInOptions are the options that say who signs in where, and how:
//
//	account, user     and one of the secrets password and token
//	authenticator     how a token is to be read: programmatic_access_token (the default), oauth
//	url               of the service instead of https://ACCOUNT.snowflakecomputing.com, as for a private link
var signInOptions = []string{"account", "user", "authenticator", "password", "token", "url"}

// signIn makes the driver's configuration.
func signIn(t bench.Target, lookup func(bench.Secret) (string, error)) (*sf.Config, error) {
	c := &sf.Config{Account: t.Options["account"], User: t.Options["user"], Authenticator: sf.AuthTypeSnowflake}
	secret := func(name string) (string, error) {
		reference, ok := t.Secrets[name]
		if !ok {
			return "", nil
		}
		v, err := lookup(reference)
		if err != nil {
			return "", fmt.Errorf("target %q: %s: %w", t.Kind, name, err)
		}
		return v, nil
	}
	var err error
	if c.Password, err = secret("password"); err != nil {
		return nil, err
	}
	if c.Token, err = secret("token"); err != nil {
		return nil, err
	}
	if c.Token != "" {
		how, err := target.One(t, "authenticator", "programmatic_access_token", "oauth")
		if err != nil {
			return nil, err
		}
		c.Authenticator = map[string]sf.AuthType{"programmatic_access_token": sf.AuthTypePat, "oauth": sf.AuthTypeOAuth}[how]
	}
	if err := address(c, t.Options["url"]); err != nil {
		return nil, fmt.Errorf("target %q: %w", t.Kind, err)
	}
	return c, nil
}

// address sets where the service is.
func address(c *sf.Config, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return fmt.Errorf("url must be that of an account: https://ACCOUNT.snowflakecomputing.com")
	}
	c.Protocol, c.Host = u.Scheme, u.Hostname()
	port := cmp.Or(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	c.Port, err = strconv.Atoi(port)
	return err
}
