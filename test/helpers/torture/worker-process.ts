/** The process of a long task, as mortal as the program that is tortured. */
import './deadly';
import '../../../src/main/processes/worker/main';
