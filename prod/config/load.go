package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// EnvPrefix begins the environment variables that override keys.
const EnvPrefix = "MESSIAH_"

// Source says where a configuration comes from, the weakest first: the file,
// the environment, the sizes, the single keys.
type Source struct {
	File    string   // a YAML file; empty: MESSIAH_CONFIG, else none
	Environ []string // as os.Environ returns it
	Gates   int      // 0: as the file says
	Games   int      // 0: as the file says
	Set     []string // "key=value"
}

// Load reads, overrides and checks a configuration. Warnings are about
// variables that look like ours and name no key: other tools set such too.
func Load(s Source) (c Config, warnings []string, err error) {
	c = Default()
	env := environ(s.Environ)
	file := s.File
	if file == "" {
		file = env[EnvPrefix+"CONFIG"]
	}
	delete(env, EnvPrefix+"CONFIG")
	if file != "" {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			return c, nil, fmt.Errorf("config: there is no file %s", file)
		}
		if err != nil {
			return c, nil, fmt.Errorf("config: %w", err)
		}
		if err := decode(text, &c); err != nil {
			return c, nil, err
		}
	}
	if s.Gates > 0 {
		c.SetGates(s.Gates)
	}
	if s.Games > 0 {
		c.SetGames(s.Games)
	}
	if warnings, err = overrideByEnv(&c, env); err != nil {
		return c, nil, err
	}
	if err := overrideByFlags(&c, s.Set); err != nil {
		return c, nil, err
	}
	return c, warnings, c.Check()
}

func environ(list []string) map[string]string {
	env := map[string]string{}
	for _, one := range list {
		if name, value, ok := strings.Cut(one, "="); ok && strings.HasPrefix(name, EnvPrefix) {
			env[name] = value
		}
	}
	return env
}

func overrideByEnv(c *Config, env map[string]string) (warnings []string, err error) {
	var known []string
	for _, l := range leaves(c) {
		name := envName(l.path)
		known = append(known, name)
		value, ok := env[name]
		if !ok {
			continue
		}
		delete(env, name)
		if err := setScalar(l.value, value); err != nil {
			return nil, keyError(0, l.path, "%v (from %s)", err, name)
		}
	}
	for name := range env {
		warnings = append(warnings, fmt.Sprintf("the variable %s names no key%s", name, suggestion(name, known)))
	}
	return warnings, nil
}

// overrideByFlags takes "key=value" with the keys that errors name: gates[0].admin=127.0.0.1:7000.
func overrideByFlags(c *Config, set []string) error {
	for _, one := range set {
		path, value, ok := strings.Cut(one, "=")
		if !ok {
			return fmt.Errorf("config: --set %s: is to be key=value", one)
		}
		var known []string
		found := false
		for _, l := range leaves(c) {
			known = append(known, l.path)
			if l.path != path {
				continue
			}
			found = true
			if err := setScalar(l.value, value); err != nil {
				return keyError(0, path, "%v", err)
			}
		}
		if !found {
			return keyError(0, path, "is no key%s", suggestion(path, known))
		}
	}
	return nil
}
