package httpapi_test

// trickyPaths are paths that look to some reader like one that is served.
func trickyPaths(id string) []string {
	return []string{
		"//admin/identities/" + id, "///" + id, "/admin//identities/" + id, "/admin/identities//" + id,
		"/admin/identities/" + id + "/", "/admin/identities/" + id + "//", "/admin/identities/" + id + "/.",
		"/admin/identities/./" + id, "/admin/identities/x/../" + id, "/schemas/../admin/identities/" + id, "/../admin/identities/" + id,
		"/admin/identities/%2e%2e/identities/" + id, "/admin/identities/%2E/" + id, "/schemas/%2e%2e/admin/identities/" + id,
		"/admin%2fidentities/" + id, "/admin%2Fidentities%2F" + id, "/admin/identities%2F" + id, "/admin/identities/%2F" + id,
		"/admin%252fidentities/" + id, "/admin/identities%00/" + id, "/admin/identities/" + id + "%00", "/admin/identities/" + id + "%0a",
		"/admin/identities/" + id + "%20", "/admin/identities/" + id + ";x=y", "/admin;/identities/" + id, `/admin\identities\` + id,
		"/admin%5cidentities%5c" + id, "/ADMIN/identities/" + id, "/admin/Identities/" + id, "/%61dmin/identities/" + id,
		"/admin/identities/%c0%ae%c0%ae/" + id, "/admin/identities/%ff" + id, "/admin/identities/" + id + "#x", "/admin/identities/" + id + "%3Fx",
		"/admin/identities/by/external/..%2f..%2f" + id, "/admin/identities/by/external/%00", "/admin/identities/by/external/%ff%fe",
		"/admin/identities/by/external/crm/4711", "/schemas/..%2f..%2fetc%2fpasswd", "/schemas/%00", "/openapi.json/", "/openapi.json%00", "/openapi%2ejson",
		"", "*", "admin/identities/" + id, "/%", "/%zz", "/admin/identities/%",
	}
}
