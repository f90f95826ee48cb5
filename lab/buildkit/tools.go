//go:build tools

// Package tools pins what the image moby/buildkit is built from. A module of its own, as BuildKit's go.mod
// excludes versions, and `go install` refuses such a module.
package tools

import (
	_ "github.com/moby/buildkit/cmd/buildctl"
	_ "github.com/moby/buildkit/cmd/buildkitd"
)
