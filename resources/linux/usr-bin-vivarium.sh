#!/bin/sh
exec /opt/Vivarium/bin/vivarium "$@"
