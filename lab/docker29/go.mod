module kind-ci.test/lab/docker29

go 1.25.0
