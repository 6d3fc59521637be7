package account

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// spellings are the keys of connections.toml that say something here, without underscores and in small letters, as
// Snowflake's own programs spell them, and what we call them.
var spellings = map[string]string{
	"account": "account", "user": "user", "username": "user", "password": "password", "authenticator": "authenticator",
	"host": "host", "port": "port", "protocol": "protocol", "region": "region",
	"role": "role", "warehouse": "warehouse", "database": "database", "schema": "schema",
	"token": "token", "tokenfilepath": "token_file", "tokenfile": "token_file",
	"privatekeyfile": "private_key_file", "privatekeypath": "private_key_file",
	"privatekeyfilepwd": "private_key_passphrase", "privatekeypwd": "private_key_passphrase", "privatekeypassphrase": "private_key_passphrase",
	"oauthclientid": "oauth_client_id", "oauthclientsecret": "oauth_client_secret",
	"oauthtokenrequesturl": "oauth_token_request_url", "oauthscope": "oauth_scope",
	"workloadidentityprovider": "workload_identity_provider", "workloadidentityentraresource": "workload_identity_entra_resource",
}

// connection reads a connection by its name, from the first of the files that has it: connections.toml, or the table
// connections of config.toml, in SNOWFLAKE_HOME or where Snowflake's programs look otherwise. It also returns the keys
// that it does not know: session parameters belong into the spec, where they are part of what was measured.
func connection(name string) (said credentials, ignored []string, err error) {
	files, err := connectionFiles()
	if err != nil {
		return nil, nil, err
	}
	for _, file := range files {
		all, err := readConnections(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", file, err)
		}
		table, ok := all[name].(map[string]any)
		if !ok {
			continue
		}
		said = credentials{}
		for _, key := range slices.Sorted(maps.Keys(table)) {
			ours, ok := spellings[strings.ReplaceAll(strings.ToLower(key), "_", "")]
			if !ok {
				ignored = append(ignored, key)
				continue
			}
			said[ours] = fmt.Sprint(table[key])
		}
		return said, ignored, nil
	}
	return nil, nil, fmt.Errorf("there is no connection %q in %s", name, strings.Join(files, ", "))
}

// connectionFiles are where connections may be, in this order.
func connectionFiles() ([]string, error) {
	home := os.Getenv("SNOWFLAKE_HOME")
	if home != "" {
		return []string{filepath.Join(home, "connections.toml"), filepath.Join(home, "config.toml")}, nil
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return nil, fmt.Errorf("look for connections.toml: %w", err)
	}
	var files []string
	for _, folder := range []string{filepath.Join(user, ".snowflake"), filepath.Join(user, ".config", "snowflake")} {
		files = append(files, filepath.Join(folder, "connections.toml"), filepath.Join(folder, "config.toml"))
	}
	return files, nil
}

// readConnections reads the connections of a file. No error quotes what is in it.
func readConnections(file string) (map[string]any, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, errors.New("others may write to it: chmod go-w")
	}
	var all map[string]any
	if _, err := toml.DecodeFile(file, &all); err != nil {
		if bad, ok := errors.AsType[toml.ParseError](err); ok {
			return nil, fmt.Errorf("line %d is no TOML", bad.Position.Line)
		}
		return nil, err
	}
	if filepath.Base(file) == "config.toml" {
		all, _ = all["connections"].(map[string]any)
	}
	return all, nil
}
