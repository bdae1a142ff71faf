import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.util.List;

/** The compatible server on 127.0.0.1: java Server.java PORT FILE */
class Server {
    public static void main(String[] arguments) {
        try {
            var backend = new H2Backend(arguments[1]);
            backend.version(new Version());
            var server = new MongoServer(backend);
            // What is not in the file yet is written at an orderly end.
            Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
            server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
        } catch (Exception error) {
            error.printStackTrace();
            System.exit(1); // its own threads would keep it alive
        }
    }

    /** 5.0 as MongoDB itself states it; the library's own constants have wire versions that drivers no longer accept. */
    static class Version implements MongoVersion {
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }

        public int getWireVersion() {
            return 13;
        }
    }
}
