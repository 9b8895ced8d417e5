"""The box behind real reverse proxies, configured as the README says."""
