# shellcheck shell=bash
# What the lab is built from: one place for each version. Sourced.
lab_kubernetes=1.34.4
lab_kubernetes_second=1.36.3
lab_kind=0.33.0
lab_docker29=29.9.3
lab_act=v0.2.89
lab_crane=v0.21.9
lab_buildx=v0.38.2
lab_suite=bookworm
# The oldest Go that all of it builds with.
lab_go=1.26
