package fressiantest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

// FromJSON returns the value as which Cheshire, which Maelstrom reads JSON
// with, reads a text: an object is a [Map] with its fields in order.
func FromJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := fromJSON(d)
	if err != nil {
		return nil, fmt.Errorf("fressiantest: %s: %w", text, err)
	}
	return v, nil
}

func fromJSON(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		values := []any{}
		for d.More() {
			v, err := fromJSON(d) // an object's keys are tokens, too
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		_, err := d.Token()
		if t == '{' {
			return Map(values), err
		}
		return values, err
	case json.Number:
		return number(t)
	}
	return token, nil
}

func number(n json.Number) (any, error) {
	if strings.ContainsAny(string(n), ".eE") {
		return n.Float64()
	}
	if i, err := n.Int64(); err == nil {
		return i, nil
	}
	i, _ := new(big.Int).SetString(string(n), 10) // JSON's integers are Go's
	return i, nil
}
