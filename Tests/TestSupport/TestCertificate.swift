/// A certificate for plugins.test that signs itself, valid until 2120, made for tests alone. In PEM.
public enum TestCertificate {
    public static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBfjCCASOgAwIBAgIUKvQf7NdekNDh5DXUeZN7CnU08bEwCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMcGx1Z2lucy50ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAw
        MTAxMDAwMDAwWjAXMRUwEwYDVQQDDAxwbHVnaW5zLnRlc3QwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAASOwUxDhV9wMSZj/ZB/NAhNiFIbLPEFoZtnaUN9e4JjkhY7
        333t0rjOaMiRX41Ja89V562LiAxOeDmWHJYQOME6o0swSTAXBgNVHREEEDAOggxw
        bHVnaW5zLnRlc3QwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUqgBKT8KD2EjL
        3ltiEQdlU0MjVq0wCgYIKoZIzj0EAwIDSQAwRgIhAIPj1UbN4DvAlvb7wyJekup2
        DoAx+dSnULRgxH2ClWmqAiEAgi3LZW+U7ra3NqTNA/BoovjFTK4WUcHuaPoawPBz
        UW0=
        -----END CERTIFICATE-----
        """

    public static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghyWrTygRQ8WhEx3N
        xh5kFK2+Byk30VSZazUS8JhoAh2hRANCAASOwUxDhV9wMSZj/ZB/NAhNiFIbLPEF
        oZtnaUN9e4JjkhY7333t0rjOaMiRX41Ja89V562LiAxOeDmWHJYQOME6
        -----END PRIVATE KEY-----
        """
}
