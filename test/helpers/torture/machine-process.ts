/** The process of a machine, as mortal as the program that is tortured. */
import './deadly';
import '../../../src/main/processes/machine/main';
