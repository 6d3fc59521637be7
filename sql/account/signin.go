package account

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"bench/runtime/bench"
)

// Options are the options of a target that say who signs in where, and how:
//
//	connection            of this name in connections.toml; the other options go before what it says
//	account, user         who, and the url of the service where it is not https://ACCOUNT.snowflakecomputing.com
//	password              secret
//	private_key           secret, or private_key_file: PEM, PKCS #8 or #1; with the secret private_key_passphrase if it has one
//	token                 secret, or token_file, which is read anew at every login
//	authenticator         what the token is: programmatic_access_token (the default) or oauth
//
// With neither connection nor account, inside of Snowpark Container Services, it is the container's own: the service
// signs in as itself, with the token that Snowflake renews every few minutes.
var Options = []string{
	"connection", "account", "user", "url", "password", "private_key", "private_key_file", "private_key_passphrase", "token", "token_file", "authenticator",
}

// credentials are what a target says about signing in, secrets resolved, by name of option or of connections.toml.
type credentials map[string]string

// containerToken is where Snowpark Container Services put a service's token.
const containerToken = "/snowflake/session/token"

// SignIn makes the driver's configuration from the options and secrets of a target, and says which keys of the connection it
// has no use for. No error quotes a secret.
func SignIn(t bench.Target, lookup func(bench.Secret) (string, error)) (c *sf.Config, ignored []string, err error) {
	said := credentials{}
	name, named := t.Options["connection"]
	if named {
		if said, ignored, err = connection(name); err != nil {
			return nil, nil, err
		}
	}
	for _, option := range Options {
		if v, ok := t.Options[option]; ok {
			said[option] = v
		}
		reference, ok := t.Secrets[option]
		if !ok {
			continue
		}
		if said[option], err = lookup(reference); err != nil {
			return nil, nil, fmt.Errorf("target %q: %s: %w", t.Kind, option, err)
		}
	}
	if !named && said["account"] == "" {
		if err := said.container(); err != nil {
			return nil, nil, fmt.Errorf("target %q: %w", t.Kind, err)
		}
	}
	if c, err = said.config(); err != nil {
		return nil, nil, fmt.Errorf("target %q: %w", t.Kind, err)
	}
	return c, ignored, nil
}

// Connection makes the driver's configuration from a connection of connections.toml alone.
func Connection(name string) (*sf.Config, error) {
	said, _, err := connection(name)
	if err != nil {
		return nil, err
	}
	c, err := said.config()
	if err != nil {
		return nil, fmt.Errorf("connection %q: %w", name, err)
	}
	return c, nil
}

// container is how a service of Snowpark Container Services signs in.
func (said credentials) container() error {
	account, host := os.Getenv("SNOWFLAKE_ACCOUNT"), os.Getenv("SNOWFLAKE_HOST")
	if account == "" || host == "" {
		return errors.New(`it has neither connection nor account: write connection = "NAME" for one of connections.toml`)
	}
	said["account"], said["authenticator"] = account, "oauth"
	said["token_file"] = cmp.Or(said["token_file"], containerToken)
	if said["url"] == "" {
		said["url"] = "https://" + host
	}
	return nil
}

// authenticators are the ways to sign in without a person who looks on, as connections.toml and Snowflake name them.
var authenticators = map[string]sf.AuthType{
	"snowflake": sf.AuthTypeSnowflake, "snowflake_jwt": sf.AuthTypeJwt, "oauth": sf.AuthTypeOAuth,
	"programmatic_access_token": sf.AuthTypePat, "oauth_client_credentials": sf.AuthTypeOAuthClientCredentials,
	"workload_identity": sf.AuthTypeWorkloadIdentityFederation,
}

// accounts are those that can stand in the address of one: with dots, where a region follows.
var accounts = regexp.MustCompile(`^[\w.-]+$`)

// config makes the driver's configuration of it. Its errors quote no value but that of authenticator.
func (said credentials) config() (*sf.Config, error) {
	silence()
	c := &sf.Config{
		Account: said["account"], User: said["user"], Password: said["password"], Region: said["region"],
		Token: said["token"], TokenFilePath: said["token_file"],
		Role: said["role"], Warehouse: said["warehouse"], Database: said["database"], Schema: said["schema"],
		OauthClientID: said["oauth_client_id"], OauthClientSecret: said["oauth_client_secret"],
		OauthTokenRequestURL: said["oauth_token_request_url"], OauthScope: said["oauth_scope"],
		WorkloadIdentityProvider: said["workload_identity_provider"], WorkloadIdentityEntraResource: said["workload_identity_entra_resource"],
	}
	key := said["private_key"] != "" || said["private_key_file"] != ""
	token := c.Token != "" || c.TokenFilePath != ""
	how := strings.ToLower(said["authenticator"])
	switch {
	case how != "":
	case key:
		how = "snowflake_jwt"
	case token:
		how = "programmatic_access_token"
	default:
		how = "snowflake"
	}
	var known bool
	if c.Authenticator, known = authenticators[how]; !known {
		return nil, fmt.Errorf("authenticator %q needs a person, for every session: use a key pair, a token or a password", how)
	}
	if c.Token != "" && c.TokenFilePath != "" {
		return nil, errors.New("it has both token and token_file: leave one of them out")
	}
	for _, need := range []struct {
		when    bool
		missing string
	}{
		{c.Account == "", "account"},
		{how == "snowflake" && c.Password == "", "password"},
		{how == "snowflake_jwt" && !key, "private_key_file"},
		{(how == "oauth" || how == "programmatic_access_token") && !token, "token"},
		{(how == "snowflake" || how == "snowflake_jwt") && c.User == "", "user"},
	} {
		if need.when {
			return nil, fmt.Errorf("there is no %s to sign in with (authenticator %s)", need.missing, how)
		}
	}
	if !accounts.MatchString(c.Account) {
		return nil, errors.New("account must be one word, as in https://ACCOUNT.snowflakecomputing.com")
	}
	if c.Authenticator == sf.AuthTypeJwt {
		var err error
		if c.PrivateKey, err = said.key(); err != nil {
			return nil, err
		}
	}
	if c.TokenFilePath != "" { // the driver reads it, and an error of its own looks like one of the service
		if _, err := os.Stat(c.TokenFilePath); err != nil {
			return nil, fmt.Errorf("read the token: %w", err)
		}
	}
	return c, said.address(c)
}

// address sets where the service is, when that does not follow from the account.
func (said credentials) address(c *sf.Config) error {
	c.Protocol, c.Host = said["protocol"], said["host"]
	if port := said["port"]; port != "" {
		var err error
		if c.Port, err = strconv.Atoi(port); err != nil {
			return errors.New("port must be a whole number")
		}
	}
	if said["url"] == "" {
		return nil
	}
	u, err := url.Parse(said["url"])
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return errors.New("url must be that of an account: https://ACCOUNT.snowflakecomputing.com")
	}
	c.Protocol, c.Host = u.Scheme, u.Hostname()
	c.Port, err = strconv.Atoi(cmp.Or(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme]))
	return err
}
